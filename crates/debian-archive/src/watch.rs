//! `repogen watch`: an archive that keeps itself.
//!
//! A [`Watch`] is a [`Publisher`](crate::publisher::Publisher) and a second thread, which takes the packages that are
//! dropped into `incoming/SUITE/COMPONENT/`, prunes once an hour, and reads `repogen.toml` again when it changes. One
//! watch runs on an archive, held by a lock on `state/watch.lock`: two would fight over the dropped files. It prints
//! nothing: what happens goes to whoever started it, as [`Event`]s. A [`ConfigWatch`] is its last part alone.

mod config;
mod found;
mod incoming;
mod leave;
mod settle;
mod signs;
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::archive::OpenError;
use crate::prune::{PruneError, Pruned};
use crate::publish::Clock;
use crate::publisher::{self, Publisher, Setup, Surroundings};
use crate::sign::SignError;
use archive_catalog::{DatabaseUrl, PlacementOutcome};
use archive_storage::STATE;

pub use config::{ConfigEvent, ConfigWatch, Reloader};
pub use incoming::IncomingError;
use signs::Signs;

/// The folder that packages are dropped into, below the root.
pub const INCOMING: &str = "incoming";
/// The folder below it for what was refused.
pub const REJECTED: &str = "rejected";

const LOCK: &str = "watch.lock";
/// How often the folders and the configuration are looked at when nothing is heard: the system is silent on network
/// file systems, and may lose count. A look lists a few folders.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a watch does not start.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Another one runs.
    #[error("another `repogen watch` runs on this archive: it holds `{0}`")]
    Running(PathBuf),
    /// Its lock cannot be had.
    #[error("cannot lock `{path}`")]
    Lock {
        /// The lock.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// Why a changed configuration is not used; the old one goes on.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The archive cannot be opened with it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The signer it names cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What a watch tells.
#[derive(Debug)]
pub enum Event {
    /// What its publisher tells.
    Publisher(publisher::Event),
    /// A dropped package is in the catalog.
    Taken {
        /// The file that was dropped.
        path: PathBuf,
        /// Whether the suite had it.
        placed: PlacementOutcome,
    },
    /// A dropped file was refused.
    Rejected {
        /// The file that was dropped.
        path: PathBuf,
        /// Where it is now.
        kept: PathBuf,
        /// Why.
        why: String,
    },
    /// Something in the folder is no file, and stays where it is.
    PassedOver {
        /// What was found.
        path: PathBuf,
        /// Why it is not taken.
        why: &'static str,
    },
    /// Dropped files cannot be taken now. It is tried again; the same error is told once.
    IncomingFailed(IncomingError),
    /// Retention was applied.
    Pruned(Pruned),
    /// Retention could not be applied. It is tried again.
    PruneFailed(PruneError),
    /// A changed configuration is in use.
    Reloaded,
    /// A changed configuration cannot be used; the old one goes on.
    ReloadFailed(ReloadError),
    /// The system does not tell of changes in a folder, which are then found by looking only.
    NotWatching(notify::Error),
}

/// A running watch. Dropped, it stops.
pub struct Watch {
    signs: Arc<Signs>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts one on an open archive; `catalog` is where its catalog is.
    ///
    /// `report` is called from two threads.
    ///
    /// # Errors
    /// When another one runs on the archive, or the system does not let this one run.
    pub fn start(
        setup: Setup,
        catalog: &DatabaseUrl,
        clock: Arc<dyn Clock + Send>,
        report: Arc<dyn Fn(Event) + Send + Sync>,
    ) -> Result<Self, WatchError> {
        let archive = setup.archive.clone();
        let path = archive.root().join(STATE).join(LOCK);
        let lock = match archive.lock(LOCK, FlockOperation::NonBlockingLockExclusive) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(WatchError::Running(path)),
            lock => lock.map_err(|source| WatchError::Lock { path, source })?,
        };
        let tell = report.clone();
        let surroundings = Surroundings {
            clock: clock.clone(),
            report: Box::new(move |event| tell(Event::Publisher(event))),
            catalog: Some(catalog.clone()),
        };
        let publisher = Publisher::start(setup, surroundings).map_err(WatchError::Thread)?;
        let signs = Arc::new(Signs::default());
        let worker = worker::Worker::new(worker::Parts {
            archive,
            catalog: catalog.clone(),
            clock,
            report,
            publisher,
            signs: signs.clone(),
            lock,
        });
        let thread = std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || worker.run())
            .map_err(WatchError::Thread)?;
        Ok(Self {
            signs,
            thread: Some(thread),
        })
    }

    /// Asks it to read the configuration and the keys again, whether or not they changed.
    pub fn reload(&self) {
        self.signs.change(|heard| heard.reload = true);
    }

    /// Asks it to stop after what it is at, and does not wait for that.
    pub fn request_stop(&self) {
        self.signs.change(|heard| heard.stop = true);
    }

    /// Waits until it has stopped; false when it broke.
    pub fn join(mut self) -> bool {
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.request_stop();
        if let Some(thread) = self.thread.take() {
            // A panic was printed by its own thread.
            let _ = thread.join();
        }
    }
}

/// Returns the folder for dropped packages of an archive.
fn incoming_folder(root: &Path) -> PathBuf {
    root.join(INCOMING)
}
