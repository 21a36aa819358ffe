-- Who accounts are at a sign-in provider. The pair of issuer and subject is the identity: a name or an address there may pass to
-- somebody else.
create table external_identity (
    id                 text   collate "C" not null primary key,
    account_id         text   collate "C" not null references account (id),
    issuer             text   collate "C" not null,
    subject            text   collate "C" not null,
    linked_at          bigint not null,
    unique (issuer, subject)
);
create index external_identity_account on external_identity (account_id);
