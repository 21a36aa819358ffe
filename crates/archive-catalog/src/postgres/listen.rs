//! Hearing of what others commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use fallible_iterator::FallibleIterator as _;

use super::{address, failed};
use crate::CatalogError;
use crate::postgres_url::PostgresUrl;
use crate::sql::{Db, Dialect, Sql, SqlError, params};

/// The channel on which a transaction that changed what a suite holds tells of it when it is committed.
const CHANNEL: &str = "catalog_changed";
/// How long the thread waits at once: the server says nothing when its listener is to stop.
const SLICE: Duration = Duration::from_millis(500);
/// How long a lost connection rests before another is tried.
const REST: Duration = Duration::from_secs(1);

/// A thread that calls back when a suite was changed by anybody. Dropped, it stops.
pub(crate) struct Listener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts it, once it is connected.
    pub(crate) fn start(url: &PostgresUrl, heard: impl Fn() + Send + 'static) -> Result<Self, CatalogError> {
        let mut client = listening(url).map_err(|source| failed(url, "listen to it", source))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url) = (stop.clone(), url.clone());
        let thread = std::thread::Builder::new()
            .name("listener".into())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let next = client.notifications().timeout_iter(SLICE).next();
                    match next {
                        Ok(Some(_)) => heard(),
                        // An ended connection reads as no news; only using it tells.
                        Ok(None) if client.is_valid(SLICE).is_ok() => {}
                        Ok(None) | Err(_) => {
                            std::thread::sleep(REST);
                            if let Ok(again) = listening(&url) {
                                client = again;
                                // What was committed while nobody listened.
                                heard();
                            }
                        }
                    }
                }
            });
        let thread = thread.map_err(|error| CatalogError::Database {
            location: String::new(),
            action: "listen to it",
            source: Box::new(error),
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic was printed by its own thread.
            let _ = thread.join();
        }
    }
}

fn listening(url: &PostgresUrl) -> Sql<postgres::Client> {
    let mut client = address::connect(url)?;
    client
        .batch_execute(&format!("listen {CHANNEL}"))
        .map_err(SqlError::from)?;
    Ok(client)
}

/// Tells listeners of a change, when the transaction is committed.
pub(crate) fn notify(db: &Db<'_>) -> Sql<()> {
    if db.dialect() == Dialect::Postgres {
        db.query_one("select pg_notify(?1, '') is null", params![CHANNEL], |_| Ok(()))?;
    }
    Ok(())
}
