-- One row of `suite` for each codename that was ever configured.
create table suite (
    id                 integer primary key,
    codename           text    not null unique,
    -- Raised by every change of what the suite holds; a publisher compares it with what it published.
    revision           integer not null default 0,
    -- Date of the newest Release, in Unix seconds: the next one is later.
    last_date          integer
) strict;

-- One row for each .deb by its bytes, whatever suites it stands in.
create table content (
    id                 integer primary key,
    sha256             blob    not null unique check (length(sha256) = 32),
    size               integer not null check (size > 0),
    name               text    not null,
    version            text    not null,
    -- Orders as deb-version(7) orders: two versions that dpkg calls equal have the same key.
    version_key        blob    not null,
    architecture       text    not null,
    source             text    not null,
    -- The checked control stanza, as it goes into an index.
    control            text    not null,
    -- The paths in its data member, one a line, zstd.
    paths              blob    not null,
    created_at         integer not null,
    author             text
) strict;
create index content_name on content (name, version_key);

-- Where the bytes lie. `tree` is '' for the public tree and a codename for a private one.
create table pool_file (
    tree               text    not null,
    path               text    not null,
    content_id         integer not null references content (id),
    primary key (tree, path),
    unique (tree, content_id)
) strict, without rowid;

-- In one suite a name, version and architecture stand for the same bytes for ever, also after removal.
create table identity (
    suite_id           integer not null references suite (id),
    name               text    not null,
    architecture       text    not null,
    version_key        blob    not null,
    version            text    not null,
    sha256             blob    not null check (length(sha256) = 32),
    primary key (suite_id, name, architecture, version_key)
) strict, without rowid;

-- What each suite holds and held. A row is live until it has a removed_revision, so that every earlier
-- revision can be read back: what a publish showed, what changed since, what may be deleted when.
create table placement (
    id                 integer primary key,
    suite_id           integer not null references suite (id),
    component          text    not null,
    content_id         integer not null references content (id),
    -- Of the content: what stands beside each other in an index, then copies of its columns, in the order of an index.
    cluster            text    not null,
    name               text    not null,
    architecture       text    not null,
    version_key        blob    not null,
    added_revision     integer not null,
    added_at           integer not null,
    removed_revision   integer,
    removed_at         integer,
    check ((removed_revision is null) = (removed_at is null))
) strict;
create unique index placement_live on placement (suite_id, content_id) where removed_revision is null;
create index placement_order on placement (suite_id, component, cluster, name, architecture, version_key);
create index placement_added on placement (suite_id, added_revision);
create index placement_removed on placement (suite_id, removed_revision) where removed_revision is not null;
create index placement_content on placement (content_id);

-- What was published, newest last.
create table publication (
    id                 integer primary key,
    suite_id           integer not null references suite (id),
    revision           integer not null,
    -- How many packages it shows.
    packages           integer not null,
    date               integer not null,
    superseded_at      integer,
    -- Digest of the settings it was published under, and of the InRelease that came out.
    settings           text    not null,
    inrelease_sha256   blob    not null check (length(inrelease_sha256) = 32),
    -- Valid-Until in Unix seconds.
    valid_until        integer,
    -- When the Contents indexes that it names were built, in Unix seconds, and of which revision.
    contents_at        integer,
    contents_revision  integer,
    unique (suite_id, date)
) strict;
create index publication_suite on publication (suite_id, id);

-- States that stay until they are deleted; what was published stays for a time without a row here.
-- One name may stand for a state of each of several suites.
create table pinned (
    id                 text    not null,
    suite_id           integer not null references suite (id),
    revision           integer not null,
    -- Date of the Release that showed it, in Unix seconds.
    date               integer not null,
    created_at         integer not null,
    primary key (id, suite_id)
) strict, without rowid;

-- The index files that a publication's Release names and the archive serves.
create table publication_file (
    publication_id     integer not null references publication (id) on delete cascade,
    path               text    not null,
    sha256             blob    not null check (length(sha256) = 32),
    size               integer not null,
    primary key (publication_id, path)
) strict, without rowid;
