-- Sign-ins, so that they can be listed, and ended one by one: forgotten when they are over.
create table session (
    id                 text    not null primary key,
    account_id         text    not null references account (id),
    -- The epoch of the account in which it began: one of another epoch is over.
    epoch              integer not null,
    created_at         integer not null,
    expires_at         integer not null,
    -- From where, and by what program as that says of itself.
    address            text,
    agent              text
) strict, without rowid;
create index session_account on session (account_id, created_at);
create index session_expires on session (expires_at);
