//! The right to publish a suite, where several machines may.
//!
//! A publisher holds the lease of a suite for as long as it is at work, renews it beside, and looks at it once more before a
//! client can see anything of what it made: at the clock before each served name, and in the catalog before the first and the last.
//! One that stood still meanwhile, and lost it, leaves what is live as it is.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use debian_control::name::SuiteName;

use super::PublishError;
use archive_catalog::{Catalog, CatalogError, Epoch, LEASE_SECONDS, LeaseAnswer};

/// How long a lease lasts that was taken or renewed.
const LASTS: Duration = Duration::from_secs(LEASE_SECONDS as u64);
/// How often a lease that somebody else has is asked for again.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How often a lease is renewed: twice may fail.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE_SECONDS as u64 / 3);

/// The lease of a suite.
pub(crate) struct SuiteLease<'a> {
    catalog: &'a dyn Catalog,
    suite: &'a SuiteName,
    /// None where the catalog is a file: its publishers take turns by a lock on the disk.
    epoch: Option<Epoch>,
    /// Until when it is held for certain, by the clock of this machine.
    certain_until: Mutex<Instant>,
}

impl<'a> SuiteLease<'a> {
    /// Takes the lease, waiting for whoever has it.
    pub(crate) fn take(catalog: &'a dyn Catalog, suite: &'a SuiteName) -> Result<Self, CatalogError> {
        let holder = holder();
        loop {
            let asked = Instant::now();
            let epoch = match catalog.take_lease(suite, &holder)? {
                LeaseAnswer::NotNeeded => None,
                LeaseAnswer::Taken(epoch) => Some(epoch),
                LeaseAnswer::Held { .. } => {
                    std::thread::sleep(ASK_EVERY);
                    continue;
                }
            };
            return Ok(Self {
                catalog,
                suite,
                epoch,
                certain_until: Mutex::new(asked + LASTS),
            });
        }
    }

    /// Returns what a publish is recorded under.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Checks that it is still held, and lengthens it.
    pub(super) fn check(&self) -> Result<(), PublishError> {
        match self.is_held()? {
            true => Ok(()),
            false => Err(CatalogError::LeaseLost(self.suite.clone()).into()),
        }
    }

    /// Checks that it is still held: by the clock of this machine, and only where its time may be over by asking, as for
    /// [`check`](Self::check).
    pub(super) fn check_time(&self) -> Result<(), PublishError> {
        let certain_until = *self.certain_until.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.is_none() || Instant::now() < certain_until {
            return Ok(());
        }
        self.check()
    }

    /// Says whether it is still held, and lengthens it.
    pub(crate) fn is_held(&self) -> Result<bool, CatalogError> {
        match self.epoch {
            Some(epoch) => self.renew(epoch),
            None => Ok(true),
        }
    }

    fn renew(&self, epoch: Epoch) -> Result<bool, CatalogError> {
        // The time of before the request: the answer may take long.
        let asked = Instant::now();
        let is_held = self.catalog.renew_lease(self.suite, epoch)?;
        if is_held {
            let mut certain_until = self.certain_until.lock().unwrap_or_else(PoisonError::into_inner);
            *certain_until = (*certain_until).max(asked + LASTS);
        }
        Ok(is_held)
    }

    /// Does `work`, renews the lease meanwhile, and lets it go at the end.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(epoch) = self.epoch else { return work() };
        let is_done = (Mutex::new(false), Condvar::new());
        let done = std::thread::scope(|scope| {
            // Without a thread the lease ends by itself, and is looked at before a served name changes.
            let renewing = std::thread::Builder::new().name("lease".into());
            let _renewing = renewing.spawn_scoped(scope, || self.renew_until(&is_done, epoch));
            // The work may panic: the other thread has to end all the same.
            let _end = End(&is_done);
            work()
        });
        // Where it cannot be told, the lease ends by itself.
        let _ = self.catalog.release_lease(self.suite, epoch);
        done
    }

    fn renew_until(&self, (is_done, told): &(Mutex<bool>, Condvar), epoch: Epoch) {
        let mut done = is_done.lock().unwrap_or_else(PoisonError::into_inner);
        while !*done {
            let (now, waited) = told
                .wait_timeout(done, RENEW_EVERY)
                .unwrap_or_else(PoisonError::into_inner);
            done = now;
            if !*done && waited.timed_out() {
                drop(done);
                // What it came to is looked at where it counts, before a Release goes live.
                let _ = self.renew(epoch);
                done = is_done.lock().unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Ends the renewing when it is dropped.
struct End<'a>(&'a (Mutex<bool>, Condvar));

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

/// Returns who holds a lease, as people read it.
fn holder() -> String {
    let host = rustix::system::uname();
    format!(
        "{} process {}",
        host.nodename().to_string_lossy(),
        std::process::id()
    )
}
