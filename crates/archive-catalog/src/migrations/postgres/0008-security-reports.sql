-- What the newest scan for vulnerabilities found in a suite, as JSON. Derived: the next scan writes it anew.
create table security_report (
    suite_id           bigint not null primary key references suite (id),
    -- In Unix seconds.
    at                 bigint not null,
    report             text   collate "C" not null
);
