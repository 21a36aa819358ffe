//! What the planner knows of the tables that grow with packages, kept up where many rows come at once.
//!
//! The server gathers statistics by itself, a minute or more behind. Until then a table that was empty is planned for as if it still were: a
//! look for one name goes through all packages, and a publisher looks for each of a thousand. So who commits many rows has the
//! server gather them, beside everything else: readers and writers wait for nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connect;
use crate::postgres_url::PostgresUrl;
use crate::sql::{Db, PostgresSession, Sql};

/// The tables with a row or more for each placement.
const GATHER: &str = "analyze placement, content, pool_file, identity, provenance, audit";
/// How many rows count as many, in a table of less than ten times as many.
const MANY: u64 = 1_000;

/// How many rows this process has committed since it had statistics gathered.
#[derive(Default)]
pub(super) struct Statistics {
    counted: Arc<Mutex<Counted>>,
}

#[derive(Default)]
struct Counted {
    /// Rows since the last statistics.
    rows: u64,
    /// How many rows the table had when they were gathered, as far as this process knows.
    known: u64,
    is_gathering: bool,
}

impl Counted {
    /// Says whether so many rows came since the last statistics that these mislead.
    fn is_stale(&self) -> bool {
        self.rows >= MANY && self.rows > self.known / 10
    }
}

impl Statistics {
    /// Counts rows that were committed, and has statistics gathered on a thread where they are many.
    pub(super) fn note(&self, url: &PostgresUrl, rows: usize) {
        let mut counted = lock(&self.counted);
        counted.rows += rows as u64;
        if counted.is_gathering || !counted.is_stale() {
            return;
        }
        counted.is_gathering = true;
        let seen = counted.rows;
        drop(counted);
        let (shared, url) = (Arc::clone(&self.counted), url.clone());
        let gather = move || {
            // Where it fails, it is tried again when as many rows have come once more.
            let known = gathered(&url, seen).unwrap_or(0);
            let mut counted = lock(&shared);
            *counted = Counted {
                rows: counted.rows - seen,
                known,
                is_gathering: false,
            };
        };
        let thread = std::thread::Builder::new().name("statistics".into());
        if thread.spawn(gather).is_err() {
            lock(&self.counted).is_gathering = false;
        }
    }
}

fn lock(counted: &Mutex<Counted>) -> MutexGuard<'_, Counted> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has statistics gathered unless `new` rows are few beside those that the last ones knew; returns how many rows are known now.
fn gathered(url: &PostgresUrl, new: u64) -> Sql<u64> {
    let session = connect(url)?;
    let known = known(&session)?;
    if new <= known / 10 {
        return Ok(known);
    }
    gather(&session)?;
    self::known(&session)
}

/// Has statistics gathered.
pub(super) fn gather(session: &PostgresSession) -> Sql<()> {
    Db::Postgres(session).batch(GATHER)
}

/// Returns how many rows the statistics know.
fn known(session: &PostgresSession) -> Sql<u64> {
    // -1 where they were never gathered.
    let query = "select greatest(cast(reltuples as bigint), 0) from pg_class where oid = cast('placement' as regclass)";
    Db::Postgres(session).query_one(query, &[], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::Catalog as _;
    use crate::sql_catalog::Backend;
    use crate::testing::TestServer;
    use crate::tests::{placement, with_suites};

    #[test]
    fn statistics_are_stale_after_many_rows_that_are_more_than_a_tenth() {
        for (rows, known, expected) in [
            (999, 0, false),
            (1_000, 0, true),
            (1_000, 9_999, true),
            (1_000, 10_000, false),
            (10_000, 100_000, false),
            (10_001, 100_000, true),
        ] {
            let counted = Counted {
                rows,
                known,
                is_gathering: false,
            };
            assert_eq!(counted.is_stale(), expected, "{rows} on {known}");
        }
    }

    #[test]
    fn the_planner_knows_of_many_packages_soon_after_they_were_placed() {
        let catalog = with_suites(&TestServer::shared().database());
        let place = |numbers: std::ops::Range<u32>| {
            let sets = numbers.map(|number| vec![placement(&format!("package-{number}"), "1.0", "misc")]);
            catalog.place(&sets.collect::<Vec<_>>(), 0).unwrap();
        };
        let known = || {
            catalog
                .read("ask", |db| match db {
                    Db::Postgres(session) => super::known(session),
                    Db::Sqlite(_) => Ok(0),
                })
                .unwrap()
        };
        let gathered = || {
            let Backend::Postgres(server) = &catalog.database else {
                panic!("it is on PostgreSQL")
            };
            let until = Instant::now() + Duration::from_secs(60);
            while lock(&server.statistics.counted).is_gathering {
                assert!(Instant::now() < until, "it gathers for a minute");
                std::thread::yield_now();
            }
            known()
        };
        place(0..900);
        assert_eq!(known(), 0, "they are few");
        // Many, but not at once.
        place(900..1_000);
        assert_eq!(gathered(), 1_000);
        place(1_000..1_100);
        assert_eq!(gathered(), 1_000, "they are few again");
    }
}
