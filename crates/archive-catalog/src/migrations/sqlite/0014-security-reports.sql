-- What the newest scan for vulnerabilities found in a suite, as JSON. Derived: the next scan writes it anew.
create table security_report (
    suite_id           integer primary key references suite (id),
    -- In Unix seconds.
    at                 integer not null,
    report             text    not null
) strict;
