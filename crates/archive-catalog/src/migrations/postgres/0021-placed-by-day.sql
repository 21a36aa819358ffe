-- What was placed is counted by day without a look at the rows.
create index placement_day on placement (suite_id, added_at, content_id);
