-- An index lists together what was placed between two publications: what came at once compresses best side by side.
-- What stands in indexes already keeps its place.
alter table placement add column placed_after integer not null default 0;
update placement set placed_after = added_revision;
drop index placement_order;
create index placement_order on placement
    (suite_id, component, placed_after, cluster, name, architecture, version_key);
