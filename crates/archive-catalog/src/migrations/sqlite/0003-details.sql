-- What a suite says of a package in place of its .deb, by whoever maintains it there. A change ends the placement and begins another,
-- so that every earlier revision still reads as it was published.
alter table placement add column section text;
alter table placement add column priority text;

-- What the control stanza says, for filters and search. Derived: filled in by readers, behind the packages.
create table detail (
    content_id         integer primary key references content (id) on delete cascade,
    section            text,
    maintainer         text
) strict;
create virtual table search using fts5 (
    name, summary, description, content = '', contentless_delete = 1, prefix = '2 3'
);
create trigger detail_deleted after delete on detail begin
    delete from search where rowid = old.content_id;
end;

-- Words that maintainers give to packages.
create table tag (
    content_id         integer not null references content (id) on delete cascade,
    name               text    not null,
    color              text    not null,
    primary key (content_id, name)
) strict, without rowid;
create index tag_name on tag (name);

-- When section, priority, tags or suites were last changed.
create table edit (
    content_id         integer primary key references content (id) on delete cascade,
    at                 integer not null
) strict;

create table download (
    content_id         integer primary key references content (id) on delete cascade,
    count              integer not null
) strict;
