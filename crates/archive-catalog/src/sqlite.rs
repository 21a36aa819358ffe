//! The catalog in one SQLite file.
//!
//! WAL with `synchronous = full`: a commit that returned is on disk, and readers never wait for a writer. Writers
//! take the lock at `begin immediate`, so two processes on one catalog take turns.

mod accounts;
mod api_tokens;
mod audit;
mod describe;
mod details;
mod listing;
mod place;
mod prune;
mod publications;
mod rows;
mod search;
mod select;
mod snapshot;
mod states;
mod trees;

use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use super::audit::Actor;
use super::{
    Catalog, CatalogError, Conflict, Entry, MisplacedFile, NewContent, NewPlacement, Pin, PlacedSet,
    PlacementOutcome, PoolFile, Progress, PruneMode, PruneResult, Publication, RetainedState, Retention,
    Selection, Snapshot, SnapshotId, TransientFailure,
};

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001-archive.sql")),
    M::up(include_str!("migrations/0002-accounts.sql")),
    M::up(include_str!("migrations/0003-details.sql")),
    M::up(include_str!("migrations/0004-used-assertions.sql")),
    M::up(include_str!("migrations/0005-said-by-suites.sql")),
    M::up(include_str!("migrations/0006-disabled-accounts.sql")),
];

/// How long a writer waits for others before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a reader waits for others to bring search up to the packages.
const BRIEF: Duration = Duration::from_secs(1);

/// A catalog in a SQLite file.
pub struct SqliteCatalog {
    path: PathBuf,
    /// The file that was opened.
    identity: FileIdentity,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteCatalog {
    /// Makes a new catalog; an error when the file is there.
    pub fn create(path: &Path) -> Result<Self, CatalogError> {
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
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
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
            readers: Mutex::new(Vec::new()),
        })
    }

    /// Says what makes the file at `path` no catalog that can be read; an error where that cannot be found out.
    pub fn damage(path: &Path) -> Result<Option<String>, CatalogError> {
        let check = |connection: Connection| {
            connection
                .query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0))
                .map_err(|source| failed(path, "check it", source))
        };
        match connect(path).and_then(check) {
            Ok(answer) if answer == "ok" => Ok(None),
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Runs `work` in one writing transaction.
    fn write<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, CatalogError> {
        let since = Instant::now();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has waited for a turn in this process does not wait as long again for other processes: many would add up.
        let left = BUSY_TIMEOUT.saturating_sub(since.elapsed());
        self.write_with(writer, left, action, work)
    }

    /// The same in a turn that was waited for; others may take `patience` longer.
    fn write_with<T>(
        &self,
        mut writer: MutexGuard<'_, Connection>,
        patience: Duration,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, CatalogError> {
        let attempt = || -> Result<T, rusqlite::Error> {
            writer.busy_timeout(patience)?;
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        self.check_in_place()?;
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
    fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, CatalogError> {
        self.check_in_place()?;
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => connect(&self.path)?,
        };
        let attempt = || -> Result<T, rusqlite::Error> {
            let transaction = reader.transaction_with_behavior(TransactionBehavior::Deferred)?;
            work(&transaction)
        };
        let value = attempt().map_err(|source| failed(&self.path, action, source))?;
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reader);
        Ok(value)
    }
}

impl Catalog for SqliteCatalog {
    fn ensure_suites(&self, codenames: &[SuiteName]) -> Result<(), CatalogError> {
        let known = self.read("read its suites", |db| rows::codenames(db))?;
        if codenames
            .iter()
            .all(|codename| known.iter().any(|name| name == codename.as_str()))
        {
            return Ok(());
        }
        self.write("add suites", |db| {
            for codename in codenames {
                db.prepare_cached("insert into suite (codename) values (?1) on conflict do nothing")?
                    .execute([codename.as_str()])?;
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
        self.check_in_place()?;
        snapshot::open(connect(&self.path)?, &self.path, suite, tree, revision)
    }

    fn progress(&self) -> Result<Vec<Progress>, CatalogError> {
        self.read("read how far its suites are published", |db| {
            publications::progress(db)
        })
    }

    fn published(&self, suite: &SuiteName, publication: &Publication, now: i64) -> Result<(), CatalogError> {
        self.write("record a publish", |db| {
            publications::record(db, suite, publication, now)
        })
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
        self.read("list the pool", |db| select::pool_files(db))
    }

    fn has_pool_file(&self, tree: &str, path: &str) -> Result<bool, CatalogError> {
        self.read("look a pool file up", |db| {
            db.prepare_cached("select 1 from pool_file where tree = ?1 and path = ?2")?
                .exists([tree, path])
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
        pruning: PruneMode,
    ) -> Result<PruneResult, CatalogError> {
        self.check_in_place()?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempt = || -> Result<PruneResult, rusqlite::Error> {
            writer.busy_timeout(BUSY_TIMEOUT)?;
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let forgotten = prune::prune(&transaction, retentions, now)?;
            match pruning {
                PruneMode::Done => transaction.commit()?,
                PruneMode::DryRun => transaction.rollback()?,
            }
            Ok(forgotten)
        };
        attempt().map_err(|source| failed(&self.path, "apply retention", source))
    }

    fn copy_to(&self, path: &Path) -> Result<(), CatalogError> {
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
    let open = || -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -16_384)?;
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

/// Syncs the write-ahead log that others left, where there is one, and its name.
///
/// SQLite's locks are on the other files, so closing this one lets go of none (fcntl(2)).
fn sync_log(path: &Path) -> std::io::Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match std::fs::File::open(log) {
        Ok(log) if log.metadata()?.len() > 0 => {
            log.sync_all()?;
            std::fs::File::open(folder_of(path))?.sync_all()
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl CatalogError {
    /// Says whether it is one that passes.
    pub fn transient_failure(&self) -> Option<TransientFailure> {
        let Self::Database { source, .. } = self else {
            return None;
        };
        if let Some(error) = source.downcast_ref::<std::io::Error>() {
            let is_full = matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
            return is_full.then_some(TransientFailure::Full);
        }
        match source.downcast_ref::<rusqlite::Error>()?.sqlite_error_code()? {
            rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
                Some(TransientFailure::Busy)
            }
            rusqlite::ErrorCode::DiskFull => Some(TransientFailure::Full),
            _ => None,
        }
    }
}

/// Says whether the bytes of a database are at fault, and not a lock, a permission or the disk.
fn is_damage(error: &CatalogError) -> bool {
    let CatalogError::Database { source, .. } = error else {
        return false;
    };
    let code = source
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
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
fn write_failed(path: &Path, action: &'static str, source: rusqlite::Error) -> CatalogError {
    let is_io = source.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure);
    match full_disk(path).filter(|_| is_io) {
        Some(full) => failed(path, action, full),
        None => failed(path, action, source),
    }
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
mod tests;
