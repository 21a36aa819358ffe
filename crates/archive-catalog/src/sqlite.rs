//! The catalog in one SQLite file.
//!
//! WAL with `synchronous = full`: a commit that returned is on disk, and readers never wait for a writer. Writers
//! take the lock at `begin immediate`, so two processes on one catalog take turns.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::CatalogError;
use crate::sql::{Db, Sql, SqlError};
use crate::turn::Patience;

pub(crate) const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/sqlite/0001-archive.sql")),
    M::up(include_str!("migrations/sqlite/0002-accounts.sql")),
    M::up(include_str!("migrations/sqlite/0003-details.sql")),
    M::up(include_str!("migrations/sqlite/0004-used-assertions.sql")),
    M::up(include_str!("migrations/sqlite/0005-said-by-suites.sql")),
    M::up(include_str!("migrations/sqlite/0006-disabled-accounts.sql")),
    M::up(include_str!("migrations/sqlite/0007-names-without-case.sql")),
    M::up(include_str!("migrations/sqlite/0008-order-by-age.sql")),
    M::up(include_str!("migrations/sqlite/0009-upload-queue.sql")),
    M::up(include_str!("migrations/sqlite/0010-condemned-files.sql")),
    M::up(include_str!("migrations/sqlite/0011-sessions.sql")),
    M::up(include_str!("migrations/sqlite/0012-downloads-by-day.sql")),
    M::up(include_str!("migrations/sqlite/0013-yanked.sql")),
    M::up(include_str!("migrations/sqlite/0014-security-reports.sql")),
    M::up(include_str!("migrations/sqlite/0015-provenance.sql")),
    M::up(include_str!("migrations/sqlite/0016-quotas.sql")),
    M::up(include_str!("migrations/sqlite/0017-webhooks.sql")),
    M::up(include_str!("migrations/sqlite/0018-advisories.sql")),
    M::up(include_str!("migrations/sqlite/0019-publishers.sql")),
    M::up(include_str!("migrations/sqlite/0020-external-identities.sql")),
    M::up(include_str!("migrations/sqlite/0021-resumable-uploads.sql")),
    M::up(include_str!("migrations/sqlite/0022-downloads-noted.sql")),
    M::up(include_str!("migrations/sqlite/0023-order-by-publication.sql")),
    M::up(include_str!("migrations/sqlite/0024-webhooks-paused-by.sql")),
    M::up(include_str!("migrations/sqlite/0025-vulnerable-in-parts.sql")),
    M::up(include_str!("migrations/sqlite/0026-placed-by-day.sql")),
    M::up(include_str!("migrations/sqlite/0027-downloads-by-tree.sql")),
];

/// How long a writer waits for others before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a reader waits for others to bring search up to the packages.
const BRIEF: Duration = Duration::from_secs(1);
/// How many idle connections keep what they read in memory.
const WARM_READERS: usize = 4;

/// A SQLite file.
pub(crate) struct SqliteFile {
    path: PathBuf,
    /// The file that was opened.
    identity: FileIdentity,
    writer: Mutex<Connection>,
    readers: Mutex<IdleReaders>,
}

/// Reading connections that nobody uses: as many as once read at a time.
#[derive(Default)]
struct IdleReaders {
    /// Those that are taken first, up to [`WARM_READERS`]. They have what they read in memory.
    warm: Vec<Connection>,
    /// The others, whose memory was given back.
    cold: Vec<Connection>,
}

impl IdleReaders {
    fn take(&mut self) -> Option<Connection> {
        self.warm.pop().or_else(|| self.cold.pop())
    }

    /// Keeps a connection among the warm ones; returns it where there are enough.
    fn keep_warm(&mut self, reader: Connection) -> Option<Connection> {
        if self.warm.len() >= WARM_READERS {
            return Some(reader);
        }
        self.warm.push(reader);
        None
    }
}

impl SqliteFile {
    /// Makes a new catalog; an error when the file is there.
    pub(crate) fn create(path: &Path) -> Result<Self, CatalogError> {
        // Password hashes will stand in it: nobody but its owner reads it.
        let made = std::fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        made.map_err(|source| failed(path, "create it", source))?;
        Self::open(path)
    }

    /// Opens a catalog and brings its tables up to date.
    ///
    /// What a killed program wrote and did not sync is taken up by SQLite as committed, and somebody may be told soon
    /// that it is there. So it is synced first.
    pub(crate) fn open(path: &Path) -> Result<Self, CatalogError> {
        sync_log(path).map_err(|source| failed(path, "sync its log", source))?;
        let mut writer = connect(path)?;
        Migrations::from_slice(MIGRATIONS)
            .to_latest(&mut writer)
            .map_err(|source| failed(path, "bring its tables up to date", source))?;
        let identity = FileIdentity::of(path).map_err(|source| failed(path, "look at it", source))?;
        Ok(Self {
            path: path.to_owned(),
            identity,
            writer: Mutex::new(writer),
            readers: Mutex::new(IdleReaders::default()),
        })
    }

    /// Says what makes the file at `path` no catalog that can be read; an error where that cannot be found out.
    pub(crate) fn damage(path: &Path) -> Result<Option<String>, CatalogError> {
        let check = |connection: Connection| {
            let ask = |query: &str| connection.query_row(query, [], |row| row.get::<_, String>(0));
            // SQLite opens an empty file as a database without tables.
            let tables =
                "select case when exists(select 1 from sqlite_master) then 'ok' else 'it is empty' end";
            let answer = ask("pragma quick_check(1)").and_then(|answer| match answer.as_str() {
                "ok" => ask(tables),
                _ => Ok(answer),
            });
            answer.map_err(|source| failed(path, "check it", source))
        };
        match connect(path).and_then(check) {
            Ok(answer) if answer == "ok" => Ok(None),
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Says whether one of these tables has a row, or the file is no catalog of which that could be said.
    pub(crate) fn has_rows(
        path: &Path,
        tables: impl IntoIterator<Item = &'static str>,
    ) -> Result<bool, CatalogError> {
        let connection = match connect(path) {
            Err(error) if is_damage(&error) => return Ok(true),
            connected => connected?,
        };
        let look = || -> Result<bool, rusqlite::Error> {
            let is_there = "select exists(select 1 from sqlite_master where type = 'table' and name = ?1)";
            for table in tables {
                if connection.query_row(is_there, [table], |row| row.get(0))?
                    && connection.query_row(&format!("select exists(select 1 from {table})"), [], |row| {
                        row.get(0)
                    })?
                {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        match look().map_err(|source| failed(path, "look for rows in its tables", source)) {
            Err(error) if is_damage(&error) => Ok(true),
            looked => looked,
        }
    }

    /// Runs `work` in one writing transaction.
    pub(crate) fn write<T>(
        &self,
        patience: Patience,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        self.check_in_place()?;
        let since = Instant::now();
        let mut writer = match patience {
            Patience::Usual => self.writer.lock().unwrap_or_else(PoisonError::into_inner),
            Patience::Brief => self.brief_turn().ok_or_else(|| busy(&self.path, action))?,
        };
        // Who has waited for a turn in this process does not wait as long again for other processes: many would add up.
        let left = match patience {
            Patience::Usual => BUSY_TIMEOUT.saturating_sub(since.elapsed()),
            Patience::Brief => BRIEF,
        };
        let attempt = || -> Sql<T> {
            writer.busy_timeout(left)?;
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&Db::Sqlite(&transaction))?;
            transaction.commit()?;
            Ok(value)
        };
        let value = attempt().map_err(|source| write_failed(&self.path, action, source))?;
        // What was committed to a file that nobody will open again is lost, and nobody may be told that it is there.
        self.check_in_place()?;
        Ok(value)
    }

    /// Waits for a turn to write, but not for long: for work that others do later otherwise.
    fn brief_turn(&self) -> Option<MutexGuard<'_, Connection>> {
        let until = Instant::now() + BRIEF;
        loop {
            match self.writer.try_lock() {
                Ok(writer) => return Some(writer),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Checks that the file that was opened is still the one with its name.
    ///
    /// A further connection would open the new file with the log of the old one, and damage it.
    fn check_in_place(&self) -> Result<(), CatalogError> {
        let found = FileIdentity::of(&self.path).ok();
        if found == Some(self.identity) {
            return Ok(());
        }
        Err(CatalogError::Replaced {
            location: self.path.display().to_string(),
        })
    }

    /// Runs `work` on a reading connection, in one transaction.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        self.check_in_place()?;
        let mut reader = match self.idle_readers().take() {
            Some(reader) => reader,
            None => connect(&self.path)?,
        };
        let attempt = || -> Sql<T> {
            let transaction = reader.transaction_with_behavior(TransactionBehavior::Deferred)?;
            work(&Db::Sqlite(&transaction))
        };
        let value = attempt().map_err(|source| failed(&self.path, action, source))?;
        // Others may write where this is mounted read-only, which a connection that was told otherwise never sees.
        if is_mounted_read_only(&self.path) {
            return Ok(value);
        }
        let surplus = self.idle_readers().keep_warm(reader);
        if let Some(reader) = surplus {
            // What a burst of readers left in memory would stay there for good.
            let shrunk = reader.execute_batch("pragma shrink_memory");
            shrunk.map_err(|error| failed(&self.path, "give memory back", error))?;
            self.idle_readers().cold.push(reader);
        }
        Ok(value)
    }

    fn idle_readers(&self) -> MutexGuard<'_, IdleReaders> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a reading transaction that ends when its connection is dropped.
    pub(crate) fn reader(&self) -> Result<Connection, CatalogError> {
        self.check_in_place()?;
        let reader = connect(&self.path)?;
        reader
            .execute_batch("begin deferred")
            .map_err(|source| failed(&self.path, "begin to read it", source))?;
        Ok(reader)
    }

    /// Returns the error of work on [`SqliteFile::reader`].
    pub(crate) fn failed(&self, action: &'static str, source: SqlError) -> CatalogError {
        failed(&self.path, action, source)
    }

    /// Writes a consistent copy to a new file.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), CatalogError> {
        let source = connect(&self.path)?;
        let copy = || -> Result<(), rusqlite::Error> {
            let mut target = Connection::open(path)?;
            rusqlite::backup::Backup::new(&source, &mut target)?.run_to_completion(
                1_000,
                Duration::ZERO,
                None,
            )
        };
        copy().map_err(|source| failed(&self.path, "copy it", source))
    }
}

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = path.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

fn connect(path: &Path) -> Result<Connection, CatalogError> {
    if is_mounted_read_only(path) {
        return connect_to_read(path);
    }
    let open = || -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // In KiB, below zero: each connection has its own, and what the system caches of the file serves all of them.
        connection.pragma_update(None, "cache_size", -4_096)?;
        connection.set_prepared_statement_cache_capacity(96);
        Ok(connection)
    };
    open().map_err(|source| {
        match why_not_writable(path)
            .or_else(|| full_disk(path))
            .or_else(|| no_descriptors(path))
        {
            Some(reason) => failed(path, "open it", reason),
            None => failed(path, "open it", source),
        }
    })
}

/// Opens a catalog on a file system that is mounted read-only, a file system's snapshot say.
///
/// SQLite needs its two other files there, or the word that nobody changes the catalog (<https://www.sqlite.org/wal.html#readonly>).
/// It is given where the log is empty, and no program has the catalog open.
fn connect_to_read(path: &Path) -> Result<Connection, CatalogError> {
    let open = |query: &str| -> Result<Connection, rusqlite::Error> {
        let name = percent_encoding::percent_encode(path.as_os_str().as_bytes(), URI_ESCAPED);
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(format!("file:{name}{query}"), flags)?;
        // Whether it can be read is known with the first thing that is.
        connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()))?;
        connection.set_prepared_statement_cache_capacity(96);
        Ok(connection)
    };
    let opened = open("");
    let is_log_empty = || log_of(path).metadata().map_or(true, |log| log.len() == 0);
    let opened = match opened {
        Err(_) if is_log_empty() => open("?immutable=1"),
        opened => opened,
    };
    opened.map_err(|source| failed(path, "open it on a file system that is mounted read-only", source))
}

/// What stands for something else in SQLite's URIs (<https://www.sqlite.org/uri.html>).
const URI_ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Says whether nothing can be written beside `path`, since its file system is mounted so.
fn is_mounted_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(folder_of(path))
        .is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Returns the path of the write-ahead log of a catalog.
fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Syncs the write-ahead log that others left, where there is one, and its name.
///
/// SQLite's locks are on the other files, so closing this one lets go of none (fcntl(2)).
fn sync_log(path: &Path) -> std::io::Result<()> {
    match std::fs::File::open(log_of(path)) {
        Ok(log) if log.metadata()?.len() > 0 => {
            log.sync_all()?;
            std::fs::File::open(folder_of(path))?.sync_all()
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Says whether the bytes of a database are at fault, and not a lock, a permission or the disk.
fn is_damage(error: &CatalogError) -> bool {
    let CatalogError::Database { source, .. } = error else {
        return false;
    };
    let code = match (
        source.downcast_ref::<rusqlite::Error>(),
        source.downcast_ref::<SqlError>(),
    ) {
        (Some(error), _) | (_, Some(SqlError::Sqlite(error))) => error.sqlite_error_code(),
        _ => None,
    };
    matches!(
        code,
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
    )
}

/// Returns what the system has against writing beside `path`: SQLite says only that it cannot open it.
///
/// It looks at the folder and opens no file: to close one would let go of the locks that this process has on it.
fn why_not_writable(path: &Path) -> Option<std::io::Error> {
    rustix::fs::access(folder_of(path), rustix::fs::Access::WRITE_OK)
        .err()
        .map(Into::into)
}

/// Says that the disk is full where there is too little room for the 32 KiB that SQLite needs beside a catalog to open it:
/// it speaks of an I/O error.
fn full_disk(path: &Path) -> Option<std::io::Error> {
    let disk = rustix::fs::statvfs(folder_of(path)).ok()?;
    let left = disk.f_bavail.saturating_mul(disk.f_frsize);
    (left < 64 * 1024).then(|| rustix::io::Errno::NOSPC.into())
}

/// Says that the process may open no more files, of which SQLite says only that it cannot open one.
fn no_descriptors(path: &Path) -> Option<std::io::Error> {
    let error = std::fs::File::open(folder_of(path)).err()?;
    let is_none_left = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
    is_none_left.then_some(error)
}

/// Returns the error of a write: where the disk is full, SQLite may speak of an I/O error only.
fn write_failed(path: &Path, action: &'static str, source: SqlError) -> CatalogError {
    let is_io = matches!(&source, SqlError::Sqlite(error)
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure));
    match full_disk(path).filter(|_| is_io) {
        Some(full) => failed(path, action, full),
        None => failed(path, action, source),
    }
}

/// Returns the error of a turn that did not come.
fn busy(path: &Path, action: &'static str) -> CatalogError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    failed(
        path,
        action,
        SqlError::from(rusqlite::Error::SqliteFailure(code, None)),
    )
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn failed(
    path: &Path,
    action: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> CatalogError {
    CatalogError::Database {
        location: path.display().to_string(),
        action,
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn of_many_that_read_at_a_time_few_keep_what_they_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteFile::create(&folder.path().join("catalog.db")).unwrap();
        let idle = || {
            let idle = file.idle_readers();
            (idle.warm.len(), idle.cold.len())
        };
        let together = Barrier::new(10);
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    file.read("wait for the others", |_| {
                        together.wait();
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(idle(), (WARM_READERS, 10 - WARM_READERS));
        file.read("read alone", |_| Ok(())).unwrap();
        assert_eq!(idle(), (WARM_READERS, 10 - WARM_READERS));
    }
}
