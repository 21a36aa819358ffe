-- How often bytes were fetched on a day. By digest and not by content: what was pruned was fetched all the same, and `identity` knows
-- for ever what it was and which suites had it.
create table download_day (
    -- Days since 1970-01-01, UTC.
    day                bigint not null,
    sha256             bytea  not null check (octet_length(sha256) = 32),
    -- Whose it was: '' for the public tree, the codename of a private suite for its own.
    tree               text   collate "C" not null,
    count              bigint not null,
    primary key (day, sha256, tree)
);
create index identity_sha256 on identity (sha256);

-- Logs that downloads were counted from: a log is known by its first bytes, whatever it is called and however far it has grown.
create table ingested_log (
    -- Digest of so many first bytes.
    head               bytea  not null primary key check (octet_length(head) = 32),
    head_bytes         bigint not null,
    -- How many bytes are counted.
    position           bigint not null,
    -- When some were counted last, in Unix seconds.
    at                 bigint not null
);
