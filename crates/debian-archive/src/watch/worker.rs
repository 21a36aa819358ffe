//! The watching thread: dropped packages, retention, the configuration.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::Reloader;
use super::event::{ReloadError, WatchEvent};
use super::event_queue::{EventQueue, FsWatcher, PendingEvents};
use super::folders::LOOK_EVERY;
use super::incoming::{Incoming, Pass};
use super::incoming_error::IncomingError;
use crate::archive::Archive;
use crate::publish::Clock;
use crate::publisher::backoff::{Backoff, root_cause};
use crate::publisher::{Publisher, PublisherSetup};
use crate::sign;
use archive_catalog::PruneMode;

/// How often the folder is scanned while it has a file that may be complete soon.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// When retention is applied first: the first publish has the locks before.
const PRUNE_FIRST: Duration = Duration::from_secs(5);
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// When retention is applied again that failed.
const PRUNE_AGAIN: Duration = Duration::from_secs(300);

/// What a worker is made of.
pub(super) struct WorkerParts {
    pub(super) archive: Arc<Archive>,
    pub(super) clock: Arc<dyn Clock + Send>,
    pub(super) report: Arc<dyn Fn(WatchEvent) + Send + Sync>,
    pub(super) publisher: Publisher,
    pub(super) events: Arc<EventQueue>,
    /// Held for as long as the worker runs.
    pub(super) lock: File,
}

pub(super) struct WatchWorker {
    parts: WorkerParts,
    incoming: Incoming,
    watcher: Option<FsWatcher>,
    /// Whether it was reported that a folder cannot be watched.
    told_deaf: bool,
    backoff: Backoff,
    next_look: Instant,
    next_prune: Instant,
    config: Reloader,
}

impl WatchWorker {
    pub(super) fn new(parts: WorkerParts) -> Self {
        let home = parts.archive.home();
        let now = Instant::now();
        Self {
            incoming: Incoming::new(home, parts.report.clone()),
            watcher: None,
            told_deaf: false,
            backoff: Backoff::default(),
            next_look: now,
            next_prune: now + PRUNE_FIRST,
            config: Reloader::new(parts.archive.location()),
            parts,
        }
    }

    pub(super) fn run(mut self) {
        match FsWatcher::new(self.parts.archive.home(), self.parts.events.clone()) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => (self.parts.report)(WatchEvent::NotWatching(error)),
        }
        self.make_folders();
        loop {
            let pending = self.parts.events.wait(self.next_look.min(self.next_prune));
            if pending.stop {
                break;
            }
            let look = Instant::now() >= self.next_look;
            self.reload_if_changed(&pending, look);
            if look || pending.incoming {
                self.take(&pending);
            }
            if Instant::now() >= self.next_prune {
                self.prune();
            }
        }
        let WorkerParts { publisher, lock, .. } = self.parts;
        publisher.stop();
        drop(lock);
    }

    /// Adds dropped packages.
    fn take(&mut self, pending: &PendingEvents) {
        let WorkerParts {
            archive,
            clock,
            report,
            publisher,
            events,
            ..
        } = &self.parts;
        let (watcher, told_deaf) = (&mut self.watcher, &mut self.told_deaf);
        let mut listen = |folder: &Path| {
            if let Some(watcher) = watcher
                && let Err(error) = watcher.listen(folder)
                && folder.exists()
                && !std::mem::replace(told_deaf, true)
            {
                report(WatchEvent::NotWatching(error));
            }
        };
        let pass = Pass {
            archive,
            closed: &pending.closed,
            now: clock.now(),
            stopped: &|| events.stopped(),
        };
        let outcome = self.incoming.pass(&pass, &mut listen);
        let now = Instant::now();
        let wait = match outcome {
            Ok(added) => {
                self.backoff.succeeded();
                if added {
                    publisher.notify();
                }
                if self.incoming.undecided() {
                    LOOK_SOON
                } else {
                    LOOK_EVERY
                }
            }
            Err(error) => {
                // What was committed before the error is to go live.
                publisher.notify();
                self.fail(error, now)
            }
        };
        self.next_look = now + wait;
    }

    /// Tells an error of the folder, once; returns how long to backoff.
    fn fail(&mut self, error: IncomingError, now: Instant) -> Duration {
        if self.backoff.failed(root_cause(&error), now) {
            (self.parts.report)(WatchEvent::IncomingFailed(error));
        }
        self.backoff.left(now).unwrap_or(LOOK_EVERY)
    }

    fn make_folders(&mut self) {
        if let Err(error) = self.incoming.make_folders(&self.parts.archive) {
            self.fail(error, Instant::now());
        }
    }

    fn prune(&mut self) {
        let WorkerParts {
            archive,
            clock,
            report,
            publisher,
            ..
        } = &self.parts;
        let wait = match archive.prune(PruneMode::Delete, clock.now()) {
            Ok(mut pruned) => {
                let failures = std::mem::take(&mut pruned.failures);
                let wait = if failures.is_empty() {
                    PRUNE_EVERY
                } else {
                    PRUNE_AGAIN
                };
                report(WatchEvent::Pruned(pruned));
                publisher.notify();
                for error in failures {
                    report(WatchEvent::PruneFailed(error));
                }
                wait
            }
            Err(error) => {
                report(WatchEvent::PruneFailed(error));
                PRUNE_AGAIN
            }
        };
        self.next_prune = Instant::now() + wait;
    }

    /// Reloads the configuration when it changed or a reload was requested.
    fn reload_if_changed(&mut self, pending: &PendingEvents, look: bool) {
        if !self.config.is_due(pending, look) {
            return;
        }
        match self.open() {
            Ok((archive, setup)) => {
                self.parts.archive = archive;
                self.parts.publisher.replace(setup);
                self.make_folders();
                self.next_look = Instant::now();
                (self.parts.report)(WatchEvent::Reloaded);
            }
            Err(error) => (self.parts.report)(WatchEvent::ReloadFailed(error)),
        }
    }

    fn open(&self) -> Result<(Arc<Archive>, PublisherSetup), ReloadError> {
        let archive = self.config.open()?;
        let signer = sign::open(&archive.config().signing, archive.home(), self.parts.clock.now())?;
        let setup = PublisherSetup {
            archive: archive.clone(),
            signer,
        };
        Ok((archive, setup))
    }
}
