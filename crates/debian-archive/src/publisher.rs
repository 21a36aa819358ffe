//! Keeps an archive published for as long as a process runs.
//!
//! A [`Publisher`] is a thread that publishes what is due: suites whose revision rose, a Release whose validity runs
//! out, Contents indexes that have grown old. `repogen watch` is built on it, and a server that takes packages can run
//! one of its own; several at once, in one process or in many, take turns. It prints nothing: what happens goes to
//! whoever started it, as [`PublisherEvent`]s, and what can be counted to the metrics recorder of the process, where it has one.
//!
//! It learns of a change in three ways, from the fastest to the surest: by [`Publisher::notify`] from its own process;
//! by a [`CatalogWatch`], when another process writes the catalog; and by a look at the revisions every two
//! seconds, since the system is silent on network file systems. A look reads a row or two for each suite.
//!
//! Changes that come close together make one publish, with no timer for it: an idle publisher takes the first change at
//! once, and what comes while it writes, or while the Date of the suite's next Release is still too far ahead of the
//! clock, waits together for the next one.

pub(crate) mod backoff;
mod event;
mod failure_reason;
mod metrics;
mod schedule;
mod shared;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::publish::Clock;
use archive_catalog::CatalogWatch;

pub use event::PublisherEvent;
pub use failure_reason::FailureReason;
pub use shared::PublisherSetup;
use shared::{Shared, Waker};

/// What a publisher works with for as long as it runs.
pub struct PublisherDeps {
    /// Tells the time.
    pub clock: Arc<dyn Clock + Send>,
    /// Receives the events, on the publisher's thread.
    pub report: Box<dyn Fn(PublisherEvent) + Send>,
}

/// A thread that keeps an archive published. Dropped, it stops.
pub struct Publisher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _catalog: Option<CatalogWatch>,
}

impl Publisher {
    /// Starts it. It checks every suite immediately.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(setup: PublisherSetup, deps: PublisherDeps) -> io::Result<Self> {
        let PublisherDeps { clock, report } = deps;
        let shared = Arc::new(Shared::default());
        let waker = Waker(shared.clone());
        let watch = CatalogWatch::start(&setup.archive.location().catalog, move || waker.wake_soon())
            .map_err(|error| report(PublisherEvent::NotWatching(error)))
            .ok();
        let worker = worker::PublisherWorker::new(setup, shared.clone(), clock, report);
        let thread = std::thread::Builder::new()
            .name("publisher".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
            _catalog: watch,
        })
    }

    /// Wakes it: something was committed.
    pub fn notify(&self) {
        self.shared.change(|state| state.committed = true);
    }

    /// Replaces the configuration or the keys, and checks every suite again.
    pub fn replace(&self, setup: PublisherSetup) {
        self.shared.change(|state| state.setup = Some(setup));
    }

    /// Stops it, after the publish that it is at; returns when that is done.
    pub fn stop(mut self) {
        self.end();
    }

    /// Asks it to stop after the publish that it is at, and does not wait for that.
    pub fn request_stop(&self) {
        self.shared.change(|state| state.stop = true);
    }

    fn end(&mut self) {
        self.request_stop();
        if let Some(thread) = self.thread.take() {
            // A panic was printed by its own thread.
            let _ = thread.join();
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.end();
    }
}
