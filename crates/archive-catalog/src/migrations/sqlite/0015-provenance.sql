-- The CI job that a token was given to, as a JSON object; null: it was given to nobody's job.
alter table api_token add column job text;

-- How a content last came into a suite: it stays while the content is known. Without a row, by whoever has a shell, or before this
-- was kept.
create table provenance (
    content_id         integer not null references content (id) on delete cascade,
    suite_id           integer not null references suite (id),
    -- In Unix seconds.
    at                 integer not null,
    -- The name of the account, and the token that was shown; null: a sign-in.
    account            text,
    token_id           text,
    token_name         text,
    -- As in api_token.
    job                text,
    primary key (content_id, suite_id)
) strict, without rowid;
