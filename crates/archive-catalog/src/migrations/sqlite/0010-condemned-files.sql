-- Files of the pool that no row names and that are being deleted, or were lately: whoever places a content under such a path has to
-- put its bytes there anew.
create table condemned_file (
    -- Never given twice: a file that is condemned again is another case.
    id                 integer primary key autoincrement,
    -- Below the root of the store.
    path               text    not null unique,
    -- 1: it is gone.
    is_deleted         integer not null check (is_deleted in (0, 1)),
    -- When that became so, in Unix seconds by the clock of the database.
    since              integer not null
) strict;
