-- What the newest scan for vulnerabilities read of source packages that a suite must not take: as JSON. Derived: the next scan
-- writes it anew.
create table advisory (
    suite_id           integer not null references suite (id),
    source             text    not null,
    rules              text    not null,
    primary key (suite_id, source)
) strict, without rowid;

-- What the newest scan found of the packages of a name, as JSON, and the revision at which that last changed: an empty list stays, so
-- that pages follow. Only of suites that are shown.
create table finding (
    suite_id           integer not null references suite (id),
    name               text    not null,
    revision           integer not null,
    affected           text   not null,
    primary key (suite_id, name)
) strict, without rowid;
create index finding_revision on finding (suite_id, revision);
