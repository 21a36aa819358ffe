-- CI jobs that may upload, beside those of publishers.toml.
create table trusted_publisher (
    id                 text    not null primary key,
    -- The name of the issuer in publishers.toml.
    issuer             text    not null,
    repository         text    not null,
    owner_id           text    not null,
    workflow           text    not null,
    environment        text,
    ref                text,
    event              text,
    -- In whose name they upload.
    account            text    not null,
    suite              text    not null,
    -- Patterns, one a line.
    packages           text    not null,
    created_at         integer not null,
    -- The name of the administrator.
    created_by         text
) strict, without rowid;

-- When a publisher was last used, also one of publishers.toml.
create table publisher_use (
    publisher          text    not null primary key,
    at                 integer not null
) strict, without rowid;
