//! A catalog on a PostgreSQL server, shared by several machines.
//!
//! One writer at a time, as on SQLite: a writing transaction locks `writer_turn` first, so that the audit log remains one chain
//! and what was checked still holds when it is written. Many uploads share one transaction (the uploader's group commit), so
//! that turns are few. Readers see one state each (`repeatable read`) and never wait for writers.

mod address;
mod lease;
mod listen;
mod schema;
mod statistics;
mod tls;

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use debian_control::name::SuiteName;

use crate::CatalogError;
use crate::lease::{Epoch, LeaseAnswer};
use crate::postgres_url::PostgresUrl;
use crate::sql::{Db, PostgresSession, Sql, SqlError, params};
use crate::turn::Patience;
use statistics::Statistics;

pub(crate) use address::check;
pub(crate) use lease::{holds as lease_holds, states as lease_states};
pub(crate) use listen::{Listener, notify};

/// The number of the advisory lock that edits take, by our own choice.
const EDITS: i64 = 0x7265_706f_6765_6e01;
/// How many connections one process holds at most.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection, or a turn to write, is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database on a PostgreSQL server, and the connections to it.
pub(crate) struct PostgresServer {
    url: PostgresUrl,
    pool: Mutex<Pool>,
    returned: Condvar,
    statistics: Statistics,
}

#[derive(Default)]
struct Pool {
    idle: Vec<PostgresSession>,
    /// Idle or in use.
    open: usize,
}

impl PostgresServer {
    /// Makes the tables; an error where there are some.
    pub(crate) fn create(url: &PostgresUrl) -> Result<Self, CatalogError> {
        let session = connect(url).map_err(|source| failed(url, "connect to it", source))?;
        schema::create(url, &session)?;
        Ok(Self::of(url, session))
    }

    /// Opens a database whose tables are those of this program.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, CatalogError> {
        let session = connect(url).map_err(|source| failed(url, "connect to it", source))?;
        schema::check(url, &session)?;
        Ok(Self::of(url, session))
    }

    /// Brings the tables up to date, or makes them.
    pub(crate) fn migrate(url: &PostgresUrl) -> Result<(), CatalogError> {
        let session = connect(url).map_err(|source| failed(url, "connect to it", source))?;
        schema::migrate(url, &session)
    }

    /// Says whether one of these tables of a catalog is there and has rows.
    pub(crate) fn has_rows(
        url: &PostgresUrl,
        tables: impl IntoIterator<Item = &'static str>,
    ) -> Result<bool, CatalogError> {
        let session = connect(url).map_err(|source| failed(url, "connect to it", source))?;
        let db = Db::Postgres(&session);
        let look = || -> Sql<bool> {
            if schema::version(&session)? == 0 {
                return Ok(false);
            }
            for table in tables {
                let is_there = db.exists("select 1 where to_regclass(?1) is not null", params![table])?;
                if is_there && db.exists(&format!("select 1 from {table} limit 1"), &[])? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        look().map_err(|source| failed(url, "look for rows in its tables", source))
    }

    fn of(url: &PostgresUrl, session: PostgresSession) -> Self {
        Self {
            url: url.clone(),
            pool: Mutex::new(Pool {
                idle: vec![session],
                open: 1,
            }),
            returned: Condvar::new(),
            statistics: Statistics::default(),
        }
    }

    /// Notes that packages were placed: after many the planner is to know.
    pub(crate) fn note_placed(&self, rows: usize) {
        self.statistics.note(&self.url, rows);
    }

    /// Has the planner know what the tables hold.
    pub(crate) fn gather_statistics(&self) -> Result<(), CatalogError> {
        let (mut connection, _) = self.connection("gather statistics")?;
        let gathered = statistics::gather(connection.session());
        connection.is_clean = gathered.is_ok();
        gathered.map_err(|source| failed(&self.url, "gather statistics", source))
    }

    /// Runs `work` in one writing transaction.
    pub(crate) fn write<T>(
        &self,
        patience: Patience,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        let limit = match patience {
            Patience::Usual => "30s",
            Patience::Brief => "1s",
        };
        // Statements after the lock see all that the writers before have committed: each has a snapshot of its own.
        let begin = format!(
            "begin isolation level read committed; set local lock_timeout = '{limit}'; set local idle_in_transaction_session_timeout = '60s'; lock table writer_turn in exclusive mode"
        );
        let connection = self.borrow(&begin, action)?;
        let value = connection.read(action, work)?;
        connection.end("commit", action)?;
        Ok(value)
    }

    /// Takes the turn to write until what is returned is dropped, or this process ends.
    pub(crate) fn hold_writers(&self) -> Result<Borrowed<'_>, CatalogError> {
        // Meanwhile this connection is idle for as long as it takes.
        let begin = "begin; set local idle_in_transaction_session_timeout = 0; lock table writer_turn in exclusive mode";
        self.borrow(begin, "keep writers waiting")
    }

    /// Takes the turn to edit until what is returned is dropped, or this process ends.
    pub(crate) fn hold_edits(&self) -> Result<Borrowed<'_>, CatalogError> {
        // Not the lock of writers, for whoever edits writes through other connections meanwhile.
        let begin = format!(
            "begin; set local idle_in_transaction_session_timeout = 0; select pg_advisory_xact_lock({EDITS})"
        );
        self.borrow(&begin, "wait for other edits")
    }

    /// Takes the lease of a suite where nobody has it.
    pub(crate) fn take_lease(&self, suite: &SuiteName, holder: &str) -> Result<LeaseAnswer, CatalogError> {
        self.beside_writers("take a lease", |db| lease::take(db, suite, holder))
    }

    /// Lengthens a lease, and says whether it is still held.
    pub(crate) fn renew_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<bool, CatalogError> {
        self.at_once("renew a lease", |db| lease::renew(db, suite, epoch))
    }

    /// Lets a lease go.
    pub(crate) fn release_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<(), CatalogError> {
        self.at_once("let a lease go", |db| lease::release(db, suite, epoch))
    }

    /// Runs `work`, whose rows no other writer changes, without waiting for a turn.
    fn beside_writers<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        let connection = self.borrow("begin isolation level read committed", action)?;
        let value = connection.read(action, work)?;
        connection.end("commit", action)?;
        Ok(value)
    }

    /// Runs `work` in one reading transaction.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        let connection = self.reader(action)?;
        let value = connection.read(action, work)?;
        connection.end("commit", action)?;
        Ok(value)
    }

    /// Runs `work`, which is one statement that reads, or that may be repeated, without a transaction around it.
    ///
    /// Where the connection broke while it was idle, the statement is run on another.
    pub(crate) fn at_once<T>(
        &self,
        action: &'static str,
        work: impl Fn(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        loop {
            let (mut connection, is_new) = self.connection(action)?;
            match connection.read(action, &work) {
                Ok(value) => {
                    connection.is_clean = true;
                    return Ok(value);
                }
                Err(error) if is_new || !is_disconnected(&error) => return Err(error),
                Err(_) => drop(connection),
            }
        }
    }

    /// Begins a reading transaction that ends when it is dropped.
    pub(crate) fn reader(&self, action: &'static str) -> Result<Borrowed<'_>, CatalogError> {
        self.borrow("begin isolation level repeatable read read only", action)
    }

    /// Takes a connection and begins a transaction.
    ///
    /// A connection that broke while it was idle is found out here, before any work was done, and another is made.
    fn borrow(&self, begin: &str, action: &'static str) -> Result<Borrowed<'_>, CatalogError> {
        loop {
            let (connection, is_new) = self.connection(action)?;
            let begun = connection.read(action, |db| db.batch(begin));
            match begun {
                Ok(()) => return Ok(connection),
                Err(error) if is_new || !is_disconnected(&error) => return Err(error),
                Err(_) => drop(connection),
            }
        }
    }

    /// Takes a connection, and says whether it is new.
    fn connection(&self, action: &'static str) -> Result<(Borrowed<'_>, bool), CatalogError> {
        let (session, is_new) = self.session(action)?;
        let connection = Borrowed {
            server: self,
            session: Some(session),
            is_clean: false,
        };
        Ok((connection, is_new))
    }

    /// Takes an idle connection, or makes one where there may be more; says whether it is new.
    fn session(&self, action: &'static str) -> Result<(PostgresSession, bool), CatalogError> {
        let until = Instant::now() + PATIENCE;
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(session) = pool.idle.pop() {
                return Ok((session, false));
            }
            if pool.open < MAX_CONNECTIONS {
                pool.open += 1;
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(failed(&self.url, action, SqlError::NoConnection(MAX_CONNECTIONS)));
            }
            let waited = self.returned.wait_timeout(pool, left);
            pool = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(pool);
        match connect(&self.url) {
            Ok(session) => Ok((session, true)),
            Err(error) => {
                self.give_back(None);
                Err(failed(&self.url, "connect to it", error))
            }
        }
    }

    fn give_back(&self, session: Option<PostgresSession>) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match session {
            Some(session) => pool.idle.push(session),
            None => pool.open -= 1,
        }
        drop(pool);
        self.returned.notify_one();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let pool = std::mem::take(self.pool.get_mut().unwrap_or_else(PoisonError::into_inner));
        // The driver blocks where a connection is closed, which a thread of an async runtime must not.
        let closing = std::thread::Builder::new().name("close".into());
        if let Err(error) = closing.spawn(move || drop(pool)) {
            drop(error);
        }
    }
}

/// A connection in a transaction; the transaction is undone where it was not ended.
pub(crate) struct Borrowed<'a> {
    server: &'a PostgresServer,
    session: Option<PostgresSession>,
    /// Whether the transaction was ended.
    is_clean: bool,
}

impl Borrowed<'_> {
    /// Runs `work` in the transaction.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        work(&Db::Postgres(self.session())).map_err(|source| failed(&self.server.url, action, source))
    }

    fn end(mut self, end: &str, action: &'static str) -> Result<(), CatalogError> {
        self.read(action, |db| db.batch(end))?;
        self.is_clean = true;
        Ok(())
    }

    fn session(&self) -> &PostgresSession {
        self.session
            .as_ref()
            .expect("it is taken out only when this is dropped")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let session = self.session.take();
        let session = session
            .filter(|session| self.is_clean || session.client.borrow_mut().batch_execute("rollback").is_ok());
        self.server.give_back(session);
    }
}

/// Connects, and sets what every transaction relies on.
fn connect(url: &PostgresUrl) -> Sql<PostgresSession> {
    let mut client = address::connect(url)?;
    // A commit that returned is on disk. A statement that takes minutes, or a transaction that its program forgot, holds others up.
    client.batch_execute(
        "set synchronous_commit = on; set statement_timeout = '10min'; set idle_in_transaction_session_timeout = '30min';
         set lock_timeout = '30s'; set client_min_messages = warning",
    )?;
    Ok(PostgresSession::new(client))
}

fn is_disconnected(error: &CatalogError) -> bool {
    let CatalogError::Database { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<SqlError>()
        .is_some_and(SqlError::is_disconnected)
}

fn failed(url: &PostgresUrl, action: &'static str, source: SqlError) -> CatalogError {
    CatalogError::Database {
        location: url.to_string(),
        action,
        source: Box::new(source),
    }
}
