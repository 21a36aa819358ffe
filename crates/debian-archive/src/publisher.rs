//! Keeps an archive published for as long as a process runs.
//!
//! A [`Publisher`] is a thread that publishes what is due: suites whose revision rose, a Release whose validity runs
//! out, Contents indexes that have grown old. `repogen watch` is built on it, and a server that takes packages can run
//! one of its own; several at once, in one process or in many, take turns. It prints nothing: what happens goes to
//! whoever started it, as [`Event`]s.
//!
//! It learns of a change in three ways, from the fastest to the surest: by [`Publisher::notify`] from its own process;
//! by a [`CatalogWatch`], when another process writes the catalog; and by a look at the revisions every two
//! seconds, since the system is silent on network file systems. A look reads a row or two for each suite.
//!
//! Changes that come close together make one publish, with no timer for it: an idle publisher takes the first change at
//! once, and what comes while it writes, or while the Date of the suite's next Release is still too far ahead of the
//! clock, waits together for the next one.

pub(crate) mod rest;
mod schedule;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use debian_control::name::SuiteName;

use crate::archive::Archive;
use crate::publish::{Clock, PublishError, Report};
use crate::sign::Signer;
use archive_catalog::{CatalogError, CatalogWatch, DatabaseUrl};

/// How often the revisions are looked at when nothing is heard.
///
/// What another machine commits on a network file system is live after so long at most; each look costs microseconds.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a publisher publishes, and as whom.
pub struct Setup {
    /// The archive.
    pub archive: Arc<Archive>,
    /// Who signs.
    pub signer: Box<dyn Signer>,
}

/// What a publisher works with for as long as it runs.
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock + Send>,
    /// Is told what happens, on the publisher's thread.
    pub report: Box<dyn Fn(Event) + Send>,
    /// Where the catalog is, to hear of what other processes commit; left out, they are found by looking only.
    pub catalog: Option<DatabaseUrl>,
}

/// What a publisher tells.
#[derive(Debug)]
pub enum Event {
    /// A new InRelease is live.
    Published {
        /// Codename.
        suite: SuiteName,
        /// What the publish did.
        report: Report,
    },
    /// A suite could not be published. It is tried again, at growing intervals; the same error is told once.
    Failed {
        /// Codename.
        suite: SuiteName,
        /// Why.
        error: PublishError,
    },
    /// A suite that could not be published is all right again.
    Recovered {
        /// Codename.
        suite: SuiteName,
    },
    /// The catalog could not be read. It is tried again; the same error is told once.
    CatalogFailed(CatalogError),
    /// The system does not tell of changes of the catalog, which are then found by looking only.
    NotWatching(CatalogError),
}

/// A thread that keeps an archive published. Dropped, it stops.
pub struct Publisher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _catalog: Option<CatalogWatch>,
}

impl Publisher {
    /// Starts it. It looks at every suite at once.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(setup: Setup, surroundings: Surroundings) -> io::Result<Self> {
        let Surroundings {
            clock,
            report,
            catalog,
        } = surroundings;
        let shared = Arc::new(Shared::default());
        let watch = catalog.and_then(|catalog| {
            let waker = Waker(shared.clone());
            CatalogWatch::start(&catalog, move || waker.stir())
                .map_err(|error| report(Event::NotWatching(error)))
                .ok()
        });
        let worker = worker::Worker::new(setup, shared.clone(), clock, report);
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

    /// Goes on with another configuration or other keys, and looks at every suite again.
    pub fn replace(&self, setup: Setup) {
        self.shared.change(|state| state.setup = Some(setup));
    }

    /// Waits until `revision` of a suite is live, by whomever it was published; false when `deadline` comes first.
    ///
    /// The revision is that of [`Catalog::progress`](archive_catalog::Catalog::progress) after the commit. It wakes the
    /// publisher, so no [`Publisher::notify`] is needed before it.
    pub fn wait_published(&self, suite: &SuiteName, revision: i64, deadline: Instant) -> bool {
        self.notify();
        let mut state = self.shared.lock();
        loop {
            if state.live.get(suite).is_some_and(|live| *live >= revision) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.stop {
                return false;
            }
            state = self
                .shared
                .published
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Stops it, after the publish that it is at; returns when that is done.
    pub fn stop(mut self) {
        self.end();
    }

    /// Asks it to stop after the publish that it is at, and does not wait for that.
    pub fn request_stop(&self) {
        self.shared.change(|state| state.stop = true);
        self.shared.published.notify_all();
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

/// Wakes a publisher because its catalog is being written.
#[derive(Clone)]
pub(crate) struct Waker(Arc<Shared>);

impl Waker {
    /// Says that a commit may be seen soon.
    fn stir(&self) {
        self.0.change(|state| state.stirred = true);
    }
}

/// What the publisher's thread shares with the others.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the publisher.
    wake: Condvar,
    /// Wakes those who wait for a revision.
    published: Condvar,
}

#[derive(Default)]
struct State {
    stop: bool,
    /// Something was committed.
    committed: bool,
    /// Something is being committed.
    stirred: bool,
    setup: Option<Setup>,
    /// The revision of each suite that is live.
    live: BTreeMap<SuiteName, i64>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.wake.notify_all();
    }
}
