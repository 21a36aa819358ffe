-- Receivers of events, which the uploader sends them.
create table webhook (
    id                 text not null primary key,
    name               text not null,
    url                text not null,
    -- Which events, one a line.
    events             text not null,
    -- Of which suites, one a line; null: all. An event that is of no suite is for every receiver.
    suites             text,
    -- What signs, and what signs as well until a time, so that receivers can change to a new secret.
    secret             text not null,
    old_secret         text,
    old_secret_until   integer,
    -- Since when nothing is sent, and why, in Unix seconds.
    paused_at          integer,
    paused_reason      text,
    -- Since when nothing arrived although it was sent, in Unix seconds.
    failing_since      integer,
    created_at         integer not null,
    created_by         text,
    check ((paused_at is null) = (paused_reason is null)),
    check ((old_secret is null) = (old_secret_until is null))
) strict;

-- What happened, written in the transaction in which it happened, and kept as long as a delivery of it is.
create table outbox_event (
    id                 integer primary key,
    -- What receivers know it by.
    message_id         text not null unique,
    kind               text not null,
    at                 integer not null,
    -- The bytes that are sent.
    body               text not null
) strict;

-- What is sent to a receiver, and what came of it.
create table webhook_delivery (
    id                 integer primary key,
    webhook_id         text not null references webhook (id) on delete cascade,
    event_id           integer not null references outbox_event (id),
    -- When it is tried next, in Unix seconds; null: it is over.
    due_at             integer,
    -- After this it is not tried again, in Unix seconds.
    give_up_at         integer not null,
    -- Whether somebody asked for it, so that it is sent also while the receiver is paused.
    asked_for          integer not null default 0,
    attempts           integer not null default 0,
    -- Who sends it, and until when nobody else does.
    claim              text,
    claimed_until      integer,
    -- Of the newest attempt.
    attempted_at       integer,
    response_status    integer,
    error              text,
    -- When it was over, and whether it had arrived.
    finished_at        integer,
    delivered          integer not null default 0,
    check ((claim is null) = (claimed_until is null)),
    check ((due_at is null) = (finished_at is not null))
) strict;
create index webhook_delivery_due on webhook_delivery (webhook_id, due_at) where due_at is not null;
create index webhook_delivery_asked on webhook_delivery (webhook_id, due_at) where asked_for = 1 and due_at is not null;
create index webhook_delivery_list on webhook_delivery (webhook_id, id);
create index webhook_delivery_event on webhook_delivery (event_id);
create index webhook_delivery_finished on webhook_delivery (finished_at) where finished_at is not null;

-- What is said once, as that a key ends in so many days: forgotten after a time.
create table announcement (
    subject            text not null primary key,
    at                 integer not null
) strict;
