-- What the newest scan for vulnerabilities read of source packages that a suite must not take: as JSON. Derived: the next scan
-- writes it anew.
create table advisory (
    suite_id           bigint not null references suite (id),
    source             text   collate "C" not null,
    rules              text   not null,
    primary key (suite_id, source)
);

-- What the newest scan found of the packages of a name, as JSON, and the revision at which that last changed: an empty list stays, so
-- that pages follow. Only of suites that are shown.
create table finding (
    suite_id           bigint not null references suite (id),
    name               text   collate "C" not null,
    revision           bigint not null,
    affected           text   not null,
    primary key (suite_id, name)
);
create index finding_revision on finding (suite_id, revision);
