-- Who accounts are at a sign-in provider. The pair of issuer and subject is the identity: a name or an address there may pass to
-- somebody else.
create table external_identity (
    id                 text    not null primary key,
    account_id         text    not null references account (id),
    issuer             text    not null,
    subject            text    not null,
    linked_at          integer not null,
    unique (issuer, subject)
) strict, without rowid;
create index external_identity_account on external_identity (account_id);
