-- Who may do what. A row stays when its account is deleted, without password and address, so that nobody takes the name of a
-- former uploader over.
create table account (
    id                 text    not null primary key,
    username           text    not null unique collate nocase,
    email              text    collate nocase,
    -- An Argon2id hash in PHC form; null: no sign-in by password.
    password           text,
    role               text    not null check (role in ('admin', 'maintainer', 'user')),
    -- 1: every suite, now and later; 0: those in account_suite.
    all_suites         integer not null check (all_suites in (0, 1)),
    -- Raised to end every session.
    epoch              integer not null default 0,
    created_at         integer not null,
    deleted_at         integer
) strict, without rowid;
create unique index account_email on account (email) where deleted_at is null;

-- The suites that a maintainer maintains, and the private suites that a user reads.
create table account_suite (
    account_id         text    not null references account (id),
    suite              text    not null,
    primary key (account_id, suite)
) strict, without rowid;

-- Secrets for programs. Only the SHA-256 of a secret is kept: it has 256 random bits.
create table api_token (
    id                 text    not null primary key,
    account_id         text    not null references account (id),
    name               text    not null,
    hash               blob    not null unique check (length(hash) = 32),
    -- Scopes, one a line.
    scopes             text    not null,
    created_at         integer not null,
    expires_at         integer,
    last_used_at       integer
) strict, without rowid;
create index api_token_account on api_token (account_id, created_at);

-- Sessions that were ended before their time, for as long as they would have lasted.
create table ended_session (
    id                 text    not null primary key,
    expires_at         integer not null
) strict, without rowid;
create index ended_session_expires on ended_session (expires_at);

-- What was changed, by whom. `hash` is over the row and the hash before it, so that no row can be changed, taken out or put in
-- between without every later hash telling.
create table audit (
    id                 integer primary key,
    at                 integer not null,
    actor              text,
    address            text,
    request            text,
    action             text    not null,
    subject            text    not null,
    -- A JSON object.
    detail             text    not null,
    hash               blob    not null check (length(hash) = 32)
) strict;
