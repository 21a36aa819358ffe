-- An index lists what was placed last at its end.
drop index placement_order;
create index placement_order on placement
    (suite_id, component, added_revision, cluster, name, architecture, version_key);
