-- When a count changed last, in Unix seconds: logs of past days are counted late. 0: before this was noted.
alter table download_day add column noted_at bigint not null default 0;
create index download_day_noted on download_day (noted_at);
create index download_day_content on download_day (sha256, tree);
