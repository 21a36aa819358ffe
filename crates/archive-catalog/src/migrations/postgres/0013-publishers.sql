-- CI jobs that may upload, beside those of publishers.toml.
create table trusted_publisher (
    id                 text   collate "C" not null primary key,
    -- The name of the issuer in publishers.toml.
    issuer             text   collate "C" not null,
    repository         text   collate "C" not null,
    owner_id           text   collate "C" not null,
    workflow           text   collate "C" not null,
    environment        text   collate "C",
    ref                text,
    event              text,
    -- In whose name they upload.
    account            text   collate "C" not null,
    suite              text   collate "C" not null,
    -- Patterns, one a line.
    packages           text   collate "C" not null,
    created_at         bigint not null,
    -- The name of the administrator.
    created_by         text
);

-- When a publisher was last used, also one of publishers.toml.
create table publisher_use (
    publisher          text   collate "C" not null primary key,
    at                 bigint not null
);
