-- 1: its sessions and tokens are good for nothing until an administrator enables it again.
alter table account add column disabled integer not null default 0 check (disabled in (0, 1));

-- The last row that the audit log got, so that rows which are cut from its end are missed.
create table audit_end (
    one                integer primary key check (one = 1),
    id                 integer not null,
    hash               blob    not null check (length(hash) = 32)
) strict;
insert into audit_end (one, id, hash) select 1, id, hash from audit order by id desc limit 1;
