-- What is said of a package belongs to the suite that says it: who brought it, its tags, and when that was last changed.
alter table placement add column author text;
update placement set author = (select author from content where content.id = placement.content_id);
alter table content drop column author;

-- Words that maintainers of a suite give to a package. They stay while the content is known, so that a package that comes back
-- has them again.
create table said_tag (
    content_id         integer not null references content (id) on delete cascade,
    suite_id           integer not null references suite (id),
    name               text    not null,
    color              text    not null,
    primary key (content_id, suite_id, name)
) strict, without rowid;
insert into said_tag (content_id, suite_id, name, color)
    select distinct tag.content_id, placement.suite_id, tag.name, tag.color
    from tag join placement on placement.content_id = tag.content_id;
drop table tag;
alter table said_tag rename to tag;
create index tag_name on tag (name);

-- When section, priority or tags in a suite were last changed, or the package was last taken out of it.
create table said_edit (
    content_id         integer not null references content (id) on delete cascade,
    suite_id           integer not null references suite (id),
    at                 integer not null,
    primary key (content_id, suite_id)
) strict, without rowid;
insert into said_edit (content_id, suite_id, at)
    select distinct edit.content_id, placement.suite_id, edit.at
    from edit join placement on placement.content_id = edit.content_id;
drop table edit;
alter table said_edit rename to edit;
