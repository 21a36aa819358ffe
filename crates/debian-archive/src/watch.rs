//! `repogen watch`: an archive that keeps itself.
//!
//! A [`Watch`] is a [`Publisher`] and a second thread, which takes the packages that are
//! dropped into `incoming/SUITE/COMPONENT/`, prunes once an hour, and reads `repogen.toml` again when it changes. One
//! watch runs on an archive, held by a lock on `state/watch.lock`: two would fight over the dropped files. It prints
//! nothing and reports [`WatchEvent`]s to its caller. A [`ConfigWatch`] only reloads the configuration.

mod config;
mod event;
mod event_queue;
mod folders;
mod incoming;
mod incoming_error;
mod incoming_scan;
mod quarantine;
mod stability;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::fs::FlockOperation;

use crate::publish::Clock;
use crate::publisher::{Publisher, PublisherDeps, PublisherSetup};
use archive_storage::STATE;

pub use config::{ConfigEvent, ConfigWatch, Reloader};
pub use event::{ReloadError, WatchError, WatchEvent};
use event_queue::EventQueue;
pub use folders::{INCOMING, REJECTED};
pub use incoming_error::IncomingError;

const LOCK: &str = "watch.lock";

/// A running watch. Dropped, it stops.
pub struct Watch {
    events: Arc<EventQueue>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts one on an open archive.
    ///
    /// `report` is called from two threads.
    ///
    /// # Errors
    /// When another one runs on the archive, or the system does not let this one run.
    pub fn start(
        setup: PublisherSetup,
        clock: Arc<dyn Clock + Send>,
        report: Arc<dyn Fn(WatchEvent) + Send + Sync>,
    ) -> Result<Self, WatchError> {
        let archive = setup.archive.clone();
        let path = archive.home().join(STATE).join(LOCK);
        let lock = match archive.lock_home(LOCK, FlockOperation::NonBlockingLockExclusive) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(WatchError::Running(path)),
            lock => lock.map_err(|source| WatchError::Lock { path, source })?,
        };
        let tell = report.clone();
        let deps = PublisherDeps {
            clock: clock.clone(),
            report: Box::new(move |event| tell(WatchEvent::Publisher(event))),
        };
        let publisher = Publisher::start(setup, deps).map_err(WatchError::Thread)?;
        let events = Arc::new(EventQueue::default());
        let worker = worker::WatchWorker::new(worker::WorkerParts {
            archive,
            clock,
            report,
            publisher,
            events: events.clone(),
            lock,
        });
        let thread = std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || worker.run())
            .map_err(WatchError::Thread)?;
        Ok(Self {
            events,
            thread: Some(thread),
        })
    }

    /// Asks it to read the configuration and the keys again, whether or not they changed.
    pub fn reload(&self) {
        self.events.change(|pending| pending.reload = true);
    }

    /// Asks it to stop after what it is at, and does not wait for that.
    pub fn request_stop(&self) {
        self.events.change(|pending| pending.stop = true);
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
