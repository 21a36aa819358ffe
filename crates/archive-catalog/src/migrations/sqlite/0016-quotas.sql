-- How much may be kept; null: as much as there is room for.
alter table suite add column max_bytes integer check (max_bytes >= 0);
alter table suite add column max_packages integer check (max_packages >= 0);
alter table account add column max_bytes integer check (max_bytes >= 0);
alter table account add column max_packages integer check (max_packages >= 0);

-- What is used is summed up without reading control files.
create index content_size on content (id, size);
create index placement_author on placement (author, content_id) where author is not null;
