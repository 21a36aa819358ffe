-- Files that wait for the .changes file that names them. Their bytes are in the store, so that any machine finishes what another
-- took in.
create table queued_file (
    id                 integer primary key,
    account_id         text    not null references account (id),
    -- The token that put it; '': a sign-in.
    token_id           text    not null,
    suite_id           integer not null references suite (id),
    name               text    not null,
    sha256             blob    not null check (length(sha256) = 32),
    size               integer not null,
    -- Where the bytes are, below the root of the store.
    path               text    not null unique,
    -- When it was put, in Unix seconds.
    since              integer not null,
    -- Who makes a package of it, and until when nobody else does.
    claim              text,
    claimed_until      integer,
    check ((claim is null) = (claimed_until is null)),
    unique (account_id, token_id, suite_id, name, sha256)
) strict;
create index queued_file_since on queued_file (since);
create index queued_file_claim on queued_file (claim) where claim is not null;
