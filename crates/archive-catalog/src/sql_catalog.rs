//! The catalog on a database.

use std::path::Path;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rusqlite::Connection;

use crate::audit::Actor;
use crate::database_url::DatabaseUrl;
use crate::lease::{Epoch, LeaseAnswer};
use crate::postgres::{Borrowed, PostgresServer};
use crate::sql::{Db, Sql, params};
use crate::sqlite::SqliteFile;
use crate::statements::{place, prune, publications, rows, select, snapshot, states, trees};
use crate::transfer;
use crate::{
    Catalog, CatalogError, Conflict, Entry, MisplacedFile, NewContent, NewPlacement, Pin, PlacedSet,
    PlacementOutcome, PoolFile, Progress, PruneMode, PruneResult, Publication, RetainedState, Retention,
    Selection, Snapshot, SnapshotId,
};

/// How long others are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Half a minute.
    Usual,
    /// A second: for work that others do later otherwise.
    Brief,
}

/// How a writing transaction ends when its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Commit,
    /// It was done to see what it comes to.
    RollBack,
}

/// A turn to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) patience: Patience,
    pub(crate) ending: Ending,
}

/// A catalog in a SQLite file or on a PostgreSQL server.
pub struct SqlCatalog {
    database: Backend,
}

enum Backend {
    Sqlite(SqliteFile),
    Postgres(PostgresServer),
}

impl SqlCatalog {
    /// Makes a new catalog: an error when the SQLite file is there, or when the PostgreSQL database has tables of a catalog.
    pub fn create(url: &DatabaseUrl) -> Result<Self, CatalogError> {
        let database = match url {
            DatabaseUrl::Sqlite(path) => Backend::Sqlite(SqliteFile::create(path)?),
            DatabaseUrl::Postgres(url) => Backend::Postgres(PostgresServer::create(url)?),
        };
        Ok(Self { database })
    }

    /// Opens a catalog. Tables of SQLite are brought up to date; those of PostgreSQL must be.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Tables`] when the tables on PostgreSQL are older or newer than this program: several programs share them,
    /// so that only [`SqlCatalog::migrate`] changes them.
    pub fn open(url: &DatabaseUrl) -> Result<Self, CatalogError> {
        let database = match url {
            DatabaseUrl::Sqlite(path) => Backend::Sqlite(SqliteFile::open(path)?),
            DatabaseUrl::Postgres(url) => Backend::Postgres(PostgresServer::open(url)?),
        };
        Ok(Self { database })
    }

    /// Brings the tables of a catalog up to date, and makes them where there are none on PostgreSQL.
    pub fn migrate(url: &DatabaseUrl) -> Result<(), CatalogError> {
        match url {
            DatabaseUrl::Sqlite(path) => SqliteFile::open(path).map(drop),
            DatabaseUrl::Postgres(url) => PostgresServer::migrate(url),
        }
    }

    /// Says whether something would be lost if another catalog took the place of this one: a file of SQLite is there, or
    /// tables on PostgreSQL have rows.
    pub fn is_in_use(url: &DatabaseUrl) -> Result<bool, CatalogError> {
        match url {
            DatabaseUrl::Sqlite(path) => Ok(path.symlink_metadata().is_ok()),
            DatabaseUrl::Postgres(address) => {
                Ok(PostgresServer::has_tables(address)? && !transfer::is_empty(&Self::open(url)?)?)
            }
        }
    }

    /// Says what makes the SQLite file at `path` no catalog that can be read; an error where that cannot be found out.
    pub fn damage(path: &Path) -> Result<Option<String>, CatalogError> {
        SqliteFile::damage(path)
    }

    /// Puts every row of this catalog into another, in the place of what is there.
    pub fn copy_into(&self, target: &Self) -> Result<(), CatalogError> {
        transfer::copy(self, target)
    }

    /// Says whether `older` is this catalog as it was once: nothing is lost when a copy takes its place.
    pub fn is_continuation_of(&self, older: &Self) -> Result<bool, CatalogError> {
        transfer::is_continuation(self, older)
    }

    /// Returns the first table in which two catalogs differ, and how; `None` where they hold the same rows.
    pub fn difference(&self, other: &Self) -> Result<Option<String>, CatalogError> {
        transfer::difference(self, other)
    }

    /// Returns the secret of this name that all machines on this catalog share: `fresh`, where there was none. `None` where the
    /// catalog is a file, and what one machine has is enough.
    pub fn shared_secret(&self, name: &str, fresh: &str) -> Result<Option<String>, CatalogError> {
        if matches!(self.database, Backend::Sqlite(_)) {
            return Ok(None);
        }
        let kept = self.write("read a secret", |db| {
            db.execute(
                "insert into shared_secret (name, value) values (?1, ?2) on conflict do nothing",
                params![name, fresh],
            )?;
            let select = "select value from shared_secret where name = ?1";
            db.query_one(select, params![name], |row| row.get(0))
        })?;
        Ok(Some(kept))
    }

    /// Runs `work` in one writing transaction.
    pub(crate) fn write<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        let turn = Turn {
            patience: Patience::Usual,
            ending: Ending::Commit,
        };
        self.write_in(turn, action, work)
    }

    /// The same in a turn of a kind.
    pub(crate) fn write_in<T>(
        &self,
        turn: Turn,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.write(turn, action, work),
            Backend::Postgres(server) => server.write(turn, action, work),
        }
    }

    /// Runs `work` in one reading transaction.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.read(action, work),
            Backend::Postgres(server) => server.read(action, work),
        }
    }

    /// Begins a reading transaction.
    pub(crate) fn reader(&self) -> Result<Reader<'_>, CatalogError> {
        Ok(match &self.database {
            Backend::Sqlite(file) => Reader::Sqlite(file, file.reader()?),
            Backend::Postgres(server) => Reader::Postgres(Box::new(server.reader("begin to read it")?)),
        })
    }
}

/// A reading transaction that ends when it is dropped.
pub(crate) enum Reader<'a> {
    Sqlite(&'a SqliteFile, Connection),
    Postgres(Box<Borrowed<'a>>),
}

impl Reader<'_> {
    /// Runs `work` in the transaction.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        match self {
            Self::Sqlite(file, connection) => {
                work(&Db::Sqlite(connection)).map_err(|source| file.failed(action, source))
            }
            Self::Postgres(connection) => connection.read(action, work),
        }
    }
}

impl Catalog for SqlCatalog {
    fn ensure_suites(&self, codenames: &[SuiteName]) -> Result<(), CatalogError> {
        let known = self.read("read its suites", rows::codenames)?;
        if codenames
            .iter()
            .all(|codename| known.iter().any(|name| name == codename.as_str()))
        {
            return Ok(());
        }
        self.write("add suites", |db| {
            for codename in codenames {
                db.execute(
                    "insert into suite (codename) values (?1) on conflict do nothing",
                    params![codename.as_str()],
                )?;
            }
            Ok(())
        })
    }

    fn find(
        &self,
        sha256: &Sha256,
        tree: &str,
    ) -> Result<Option<(NewContent, Option<String>)>, CatalogError> {
        self.read("look a package up", |db| select::find(db, sha256, tree))
    }

    fn check_placement(
        &self,
        wish: &NewPlacement,
    ) -> Result<Result<PlacementOutcome, Box<Conflict>>, CatalogError> {
        self.read("look a package up", |db| {
            let suite = rows::suite_id(db, &wish.suite)?;
            place::check_placement(db, suite, wish)
        })
    }

    fn place(&self, sets: &[Vec<NewPlacement>], now: i64) -> Result<Vec<PlacedSet>, CatalogError> {
        self.write("add packages", |db| place::place(db, sets, now))
    }

    fn remove(
        &self,
        selection: &Selection,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<Vec<Entry>, CatalogError> {
        let removed = self.write("remove packages", |db| place::remove(db, selection, by, now))?;
        removed.ok_or(CatalogError::AuthorityEnded)
    }

    fn list(&self, selection: &Selection) -> Result<Vec<Entry>, CatalogError> {
        self.read("list packages", |db| select::list(db, selection))
    }

    fn snapshot(
        &self,
        suite: &SuiteName,
        tree: &str,
        revision: Option<i64>,
    ) -> Result<Box<dyn Snapshot + '_>, CatalogError> {
        snapshot::open(self.reader()?, suite, tree, revision)
    }

    fn progress(&self) -> Result<Vec<Progress>, CatalogError> {
        self.read("read how far its suites are published", |db| {
            publications::progress(db)
        })
    }

    fn take_lease(&self, suite: &SuiteName, holder: &str) -> Result<LeaseAnswer, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(LeaseAnswer::NotNeeded),
            Backend::Postgres(server) => server.take_lease(suite, holder),
        }
    }

    fn renew_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<bool, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(true),
            Backend::Postgres(server) => server.renew_lease(suite, epoch),
        }
    }

    fn release_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<(), CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(server) => server.release_lease(suite, epoch),
        }
    }

    fn published(
        &self,
        suite: &SuiteName,
        publication: &Publication,
        lease: Option<Epoch>,
        now: i64,
    ) -> Result<(), CatalogError> {
        let recorded = self.write("record a publish", |db| {
            publications::record(db, suite, publication, lease, now)
        })?;
        recorded
            .then_some(())
            .ok_or_else(|| CatalogError::LeaseLost(suite.clone()))
    }

    fn publications(&self, suite: &SuiteName) -> Result<Vec<Publication>, CatalogError> {
        self.read("read what was published", |db| publications::all(db, suite))
    }

    fn states(&self, suite: &SuiteName) -> Result<Vec<RetainedState>, CatalogError> {
        self.read("read what can be gone back to", |db| states::all(db, suite))
    }

    fn pin(&self, suite: &SuiteName, pin: &Pin, now: i64) -> Result<(), CatalogError> {
        self.write("pin a snapshot", |db| states::pin(db, suite, pin, now))
    }

    fn unpin(&self, suite: &SuiteName, id: &SnapshotId) -> Result<bool, CatalogError> {
        self.write("let a snapshot go", |db| states::unpin(db, suite, id))
    }

    fn roll_back(&self, suite: &SuiteName, revision: i64, now: i64) -> Result<bool, CatalogError> {
        self.write("go back", |db| states::roll_back(db, suite, revision, now))
    }

    fn pool_files(&self) -> Result<Vec<PoolFile>, CatalogError> {
        self.read("list the pool", select::pool_files)
    }

    fn has_pool_file(&self, tree: &str, path: &str) -> Result<bool, CatalogError> {
        self.read("look a pool file up", |db| {
            db.exists(
                "select 1 from pool_file where tree = ?1 and path = ?2",
                params![tree, path],
            )
        })
    }

    fn unpublish(&self, suite: &SuiteName) -> Result<(), CatalogError> {
        self.write("forget a publish", |db| publications::forget(db, suite))
    }

    fn files_in_other_trees(
        &self,
        suite: &SuiteName,
        tree: &str,
        since: Option<i64>,
    ) -> Result<Vec<MisplacedFile>, CatalogError> {
        self.read("look for files in other trees", |db| {
            trees::files_in_other_trees(db, suite, tree, since)
        })
    }

    fn record_pool_files(&self, tree: &str, files: &[(Sha256, String)]) -> Result<(), CatalogError> {
        self.write("record files of a tree", |db| {
            trees::record_pool_files(db, tree, files)
        })
    }

    fn orphaned_pool_files(&self, left: Option<&str>) -> Result<Vec<String>, CatalogError> {
        self.read("look for files that no suite needs", |db| {
            trees::unneeded(db, left)
        })
    }

    fn forget_orphaned_pool_files(&self, left: Option<&str>) -> Result<(), CatalogError> {
        self.write("forget files that no suite needs", |db| {
            trees::forget_unneeded(db, left)
        })
    }

    fn prune(
        &self,
        retentions: &[Retention],
        now: i64,
        mode: PruneMode,
    ) -> Result<PruneResult, CatalogError> {
        let turn = Turn {
            patience: Patience::Usual,
            ending: match mode {
                PruneMode::Done => Ending::Commit,
                PruneMode::DryRun => Ending::RollBack,
            },
        };
        self.write_in(turn, "apply retention", |db| prune::prune(db, retentions, now))
    }

    fn copy_to(&self, path: &Path) -> Result<(), CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.copy_to(path),
            Backend::Postgres(_) => self.copy_into(&Self::create(&DatabaseUrl::Sqlite(path.to_owned()))?),
        }
    }
}
