//! The catalog on a database.

use std::path::Path;

use rusqlite::Connection;

use crate::counted::Counted;
use crate::database_url::DatabaseUrl;
use crate::error::CatalogError;
use crate::postgres::{Borrowed, PostgresServer};
use crate::sql::{Db, Sql, params};
use crate::sqlite::SqliteFile;
use crate::turn::Patience;

/// A catalog in a SQLite file or on a PostgreSQL server.
pub struct SqlCatalog {
    pub(crate) database: Backend,
    pub(crate) counted: Counted,
}

/// Where a catalog is.
pub(crate) enum Backend {
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
        Ok(Self {
            database,
            counted: Counted::default(),
        })
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
        Ok(Self {
            database,
            counted: Counted::default(),
        })
    }

    /// Brings the tables of a catalog up to date, and makes them where there are none on PostgreSQL.
    pub fn migrate(url: &DatabaseUrl) -> Result<(), CatalogError> {
        match url {
            DatabaseUrl::Sqlite(path) => SqliteFile::open(path).map(drop),
            DatabaseUrl::Postgres(url) => PostgresServer::migrate(url),
        }
    }

    /// Says what makes the SQLite file at `path` no catalog that can be read; an error where that cannot be found out.
    pub fn damage(path: &Path) -> Result<Option<String>, CatalogError> {
        SqliteFile::damage(path)
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

    /// Takes the turn to write until what is returned is dropped: writers on other machines wait. `None` where the catalog is a
    /// file, whose writers are kept out by locks on the disk.
    pub fn hold_writers(&self) -> Result<Option<impl Drop + '_>, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(server) => server.hold_writers().map(Some),
        }
    }

    /// Takes the turn to edit until what is returned is dropped: those who read what they change first, in other processes, wait. `None`
    /// where the catalog is a file, which one process edits.
    pub fn hold_edits(&self) -> Result<Option<impl Drop + '_>, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(server) => server.hold_edits().map(Some),
        }
    }

    /// Runs `work` in one writing transaction.
    pub(crate) fn write<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        self.write_within(Patience::Usual, action, work)
    }

    /// The same, if the turn to write comes within a time.
    pub(crate) fn write_within<T>(
        &self,
        patience: Patience,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.write(patience, action, work),
            Backend::Postgres(server) => server.write(patience, action, work),
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

    /// Runs `work`, which is one statement and so needs no transaction to see one state: on PostgreSQL, one round trip and not three.
    pub(crate) fn read_at_once<T>(
        &self,
        action: &'static str,
        work: impl Fn(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.read(action, work),
            Backend::Postgres(server) => server.at_once(action, work),
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
