-- Since when its holder has it.
alter table publish_lease add column taken_at timestamptz not null default clock_timestamp();
