-- 1: the upload is taken also with known vulnerabilities that its suite does not take.
alter table resumable_upload add column allows_vulnerable integer not null default 0 check (allows_vulnerable in (0, 1));
