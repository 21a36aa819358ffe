-- How often bytes were fetched on a day. By digest and not by content: what was pruned was fetched all the same, and `identity` knows
-- for ever what it was and which suites had it.
create table download_day (
    -- Days since 1970-01-01, UTC.
    day                integer not null,
    sha256             blob    not null check (length(sha256) = 32),
    -- Whose it was: '' for the public tree, the codename of a private suite for its own.
    tree               text    not null,
    count              integer not null,
    primary key (day, sha256, tree)
) strict, without rowid;
create index identity_sha256 on identity (sha256);

-- Logs that downloads were counted from: a log is known by its first bytes, whatever it is called and however far it has grown.
create table ingested_log (
    -- Digest of so many first bytes.
    head               blob    not null primary key check (length(head) = 32),
    head_bytes         integer not null,
    -- How many bytes are counted.
    position           integer not null,
    -- When some were counted last, in Unix seconds.
    at                 integer not null
) strict, without rowid;
