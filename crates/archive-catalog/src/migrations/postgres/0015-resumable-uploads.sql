-- Uploads that come in parts, until they are packages or nobody goes on with them. The bytes of parts are in the store.
create table resumable_upload (
    id                 text   collate "C" not null primary key,
    account_id         text   collate "C" not null references account (id),
    -- Codename.
    suite              text   collate "C" not null,
    component          text   collate "C" not null,
    -- 1: the answer waits until the package is live.
    waits              bigint not null check (waits in (0, 1)),
    name               text,
    length             bigint not null,
    received           bigint not null check (received <= length),
    -- When it was last added to, in Unix seconds.
    since              bigint not null,
    -- What it became; null: it goes on.
    placed_sha256      bytea  check (length(placed_sha256) = 32),
    placed_status      bigint,
    check ((placed_sha256 is null) = (placed_status is null))
);
create index resumable_upload_account on resumable_upload (account_id) where placed_status is null;
create index resumable_upload_since on resumable_upload (since);

create table upload_part (
    upload_id          text   collate "C" not null references resumable_upload (id),
    start              bigint not null,
    size               bigint not null,
    -- Where its bytes are, below the root of the store.
    path               text   collate "C" not null unique,
    primary key (upload_id, start)
);
