-- Proofs of identity from elsewhere that were taken for a token, for as long as they would be good: none is taken twice.
create table used_assertion (
    issuer             text    not null,
    id                 text    not null,
    expires_at         integer not null,
    primary key (issuer, id)
) strict, without rowid;
create index used_assertion_expires on used_assertion (expires_at);
