//! The tables on PostgreSQL and their version.

use super::failed;
use crate::CatalogError;
use crate::postgres_url::PostgresUrl;
use crate::sql::{Db, PostgresSession, Sql, params};

/// Each brings the tables from the version before to its own, counted from 1. Never edited after a release.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/postgres/0001-catalog.sql"),
    include_str!("../migrations/postgres/0002-order-by-age.sql"),
    include_str!("../migrations/postgres/0003-upload-queue.sql"),
    include_str!("../migrations/postgres/0004-condemned-files.sql"),
    include_str!("../migrations/postgres/0005-sessions.sql"),
    include_str!("../migrations/postgres/0006-downloads-by-day.sql"),
    include_str!("../migrations/postgres/0007-yanked.sql"),
    include_str!("../migrations/postgres/0008-security-reports.sql"),
    include_str!("../migrations/postgres/0009-provenance.sql"),
    include_str!("../migrations/postgres/0010-quotas.sql"),
    include_str!("../migrations/postgres/0011-webhooks.sql"),
    include_str!("../migrations/postgres/0012-advisories.sql"),
    include_str!("../migrations/postgres/0013-publishers.sql"),
    include_str!("../migrations/postgres/0014-external-identities.sql"),
    include_str!("../migrations/postgres/0015-resumable-uploads.sql"),
    include_str!("../migrations/postgres/0016-downloads-noted.sql"),
    include_str!("../migrations/postgres/0017-lease-age.sql"),
    include_str!("../migrations/postgres/0018-order-by-publication.sql"),
    include_str!("../migrations/postgres/0019-webhooks-paused-by.sql"),
    include_str!("../migrations/postgres/0020-vulnerable-in-parts.sql"),
    include_str!("../migrations/postgres/0021-placed-by-day.sql"),
    include_str!("../migrations/postgres/0022-downloads-by-tree.sql"),
];

/// Makes the tables; an error where there are some.
pub(super) fn create(url: &PostgresUrl, session: &PostgresSession) -> Result<(), CatalogError> {
    match version(session).map_err(|source| failed(url, "look for its tables", source))? {
        0 => migrate(url, session),
        found => Err(wrong_version(
            url,
            found,
            "the database has a catalog already: name another",
        )),
    }
}

/// Checks that the tables are those of this program.
pub(super) fn check(url: &PostgresUrl, session: &PostgresSession) -> Result<(), CatalogError> {
    let found = version(session).map_err(|source| failed(url, "look for its tables", source))?;
    match found.cmp(&newest()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(wrong_version(url, found, "run `repogen migrate`")),
        std::cmp::Ordering::Greater => Err(wrong_version(url, found, "use a newer version of this program")),
    }
}

/// The number of the advisory lock of whoever makes the first table, by our own choice.
const FIRST_TABLE: i64 = 0x7265_706f_6765_6e02;

/// Brings the tables up to date, in one transaction for each version. Several may do this at once.
pub(super) fn migrate(url: &PostgresUrl, session: &PostgresSession) -> Result<(), CatalogError> {
    let db = Db::Postgres(session);
    let migrate = || -> Sql<i64> {
        // Of two that make one table at once, PostgreSQL refuses the second, also where it may exist.
        db.batch(&format!(
            "begin; select pg_advisory_xact_lock({FIRST_TABLE});
             create table if not exists catalog_version (version bigint not null primary key); commit"
        ))?;
        loop {
            db.batch("begin; lock table catalog_version in exclusive mode")?;
            let found = version(session)?;
            let next = usize::try_from(found)
                .ok()
                .and_then(|found| MIGRATIONS.get(found));
            let Some(migration) = next else {
                db.batch("rollback")?;
                return Ok(found);
            };
            db.batch(migration)?;
            db.execute(
                "insert into catalog_version (version) values (?1)",
                params![found + 1],
            )?;
            db.batch("commit")?;
        }
    };
    let reached = migrate().map_err(|source| failed(url, "bring its tables up to date", source))?;
    if reached > newest() {
        return Err(wrong_version(url, reached, "use a newer version of this program"));
    }
    Ok(())
}

/// Returns the version of the tables; 0 where there are none.
pub(super) fn version(session: &PostgresSession) -> Sql<i64> {
    let db = Db::Postgres(session);
    let is_there = db.query_one("select to_regclass('catalog_version') is not null", &[], |row| {
        row.get::<bool>(0)
    })?;
    if !is_there {
        return Ok(0);
    }
    db.query_one(
        "select coalesce(max(version), 0) from catalog_version",
        &[],
        |row| row.get(0),
    )
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

fn wrong_version(url: &PostgresUrl, found: i64, advice: &'static str) -> CatalogError {
    CatalogError::Tables {
        location: url.to_string(),
        found,
        wanted: newest(),
        advice,
    }
}
