//! What the publisher's thread shares with the threads that wake it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::archive::Archive;
use crate::sign::Signer;

/// How often the revisions are polled when there is no notification.
///
/// What another machine commits is live after this time at most; each poll costs microseconds.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a publisher publishes, and as whom.
pub struct PublisherSetup {
    /// The archive.
    pub archive: Arc<Archive>,
    /// Who signs.
    pub signer: Box<dyn Signer>,
}

/// Wakes a publisher because its catalog is being written.
#[derive(Clone)]
pub(crate) struct Waker(pub(super) Arc<Shared>);

impl Waker {
    /// Says that a commit may be seen soon.
    pub(super) fn wake_soon(&self) {
        self.0.change(|state| state.commit_seen = true);
    }
}

/// What the publisher's thread shares with the others.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<SharedState>,
    /// Wakes the publisher.
    pub(super) wake: Condvar,
}

#[derive(Default)]
pub(super) struct SharedState {
    pub(super) stop: bool,
    /// Something was committed.
    pub(super) committed: bool,
    /// Something is being committed.
    pub(super) commit_seen: bool,
    pub(super) setup: Option<PublisherSetup>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, SharedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut SharedState)) {
        change(&mut self.lock());
        self.wake.notify_all();
    }
}
