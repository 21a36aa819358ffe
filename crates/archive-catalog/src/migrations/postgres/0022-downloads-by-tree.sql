-- How often a content was fetched, by the tree that it was fetched from: what was fetched of a private suite is for its readers.
drop table download;
create table download (
    content_id         bigint not null references content (id) on delete cascade,
    -- As in download_day.
    tree               text   collate "C" not null,
    count              bigint not null,
    primary key (content_id, tree)
);
insert into download (content_id, tree, count)
    select content.id, download_day.tree, sum(download_day.count)
    from download_day join content on content.sha256 = download_day.sha256 group by content.id, download_day.tree;
