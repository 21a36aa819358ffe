//! The watching thread: dropped packages, retention, the configuration.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::Reloader;
use super::incoming::{Incoming, IncomingError, Pass};
use super::signs::{Ears, Heard, Signs};
use super::{Event, LOOK_EVERY, ReloadError};
use crate::archive::Archive;
use crate::publish::Clock;
use crate::publisher::rest::{Rest, root_cause};
use crate::publisher::{Publisher, Setup};
use crate::sign;
use archive_catalog::{DatabaseUrl, PruneMode};

/// How often, while a file lies there that may be complete soon.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// When retention is applied first: the first publish has the locks before.
const PRUNE_FIRST: Duration = Duration::from_secs(5);
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// When retention is applied again that failed.
const PRUNE_AGAIN: Duration = Duration::from_secs(300);

/// What a worker is made of.
pub(super) struct Parts {
    pub(super) archive: Arc<Archive>,
    pub(super) catalog: DatabaseUrl,
    pub(super) clock: Arc<dyn Clock + Send>,
    pub(super) report: Arc<dyn Fn(Event) + Send + Sync>,
    pub(super) publisher: Publisher,
    pub(super) signs: Arc<Signs>,
    /// SnapshotPackage for as long as the worker runs.
    pub(super) lock: File,
}

pub(super) struct Worker {
    parts: Parts,
    incoming: Incoming,
    ears: Option<Ears>,
    /// Whether it was told that a folder cannot be listened to.
    told_deaf: bool,
    rest: Rest,
    next_look: Instant,
    next_prune: Instant,
    config: Reloader,
}

impl Worker {
    pub(super) fn new(parts: Parts) -> Self {
        let root = parts.archive.root();
        let now = Instant::now();
        Self {
            incoming: Incoming::new(root, parts.report.clone()),
            ears: None,
            told_deaf: false,
            rest: Rest::default(),
            next_look: now,
            next_prune: now + PRUNE_FIRST,
            config: Reloader::new(root, &parts.catalog),
            parts,
        }
    }

    pub(super) fn run(mut self) {
        match Ears::new(self.parts.archive.root(), self.parts.signs.clone()) {
            Ok(ears) => self.ears = Some(ears),
            Err(error) => (self.parts.report)(Event::NotWatching(error)),
        }
        self.make_folders();
        loop {
            let heard = self.parts.signs.wait(self.next_look.min(self.next_prune));
            if heard.stop {
                break;
            }
            let look = Instant::now() >= self.next_look;
            self.reload_if_changed(&heard, look);
            if look || heard.incoming {
                self.take(&heard);
            }
            if Instant::now() >= self.next_prune {
                self.prune();
            }
        }
        let Parts { publisher, lock, .. } = self.parts;
        publisher.stop();
        drop(lock);
    }

    /// Takes what was dropped.
    fn take(&mut self, heard: &Heard) {
        let Parts {
            archive,
            clock,
            report,
            publisher,
            signs,
            ..
        } = &self.parts;
        let (ears, told_deaf) = (&mut self.ears, &mut self.told_deaf);
        let mut listen = |folder: &Path| {
            if let Some(ears) = ears
                && let Err(error) = ears.listen(folder)
                && folder.exists()
                && !std::mem::replace(told_deaf, true)
            {
                report(Event::NotWatching(error));
            }
        };
        let pass = Pass {
            archive,
            closed: &heard.closed,
            now: clock.now(),
            stopped: &|| signs.stopped(),
        };
        let outcome = self.incoming.pass(&pass, &mut listen);
        let now = Instant::now();
        let wait = match outcome {
            Ok(added) => {
                self.rest.succeeded();
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

    /// Tells an error of the folder, once; returns how long to rest.
    fn fail(&mut self, error: IncomingError, now: Instant) -> Duration {
        if self.rest.failed(root_cause(&error), now) {
            (self.parts.report)(Event::IncomingFailed(error));
        }
        self.rest.left(now).unwrap_or(LOOK_EVERY)
    }

    fn make_folders(&mut self) {
        if let Err(error) = self.incoming.make_folders(&self.parts.archive) {
            self.fail(error, Instant::now());
        }
    }

    fn prune(&mut self) {
        let Parts {
            archive,
            clock,
            report,
            publisher,
            ..
        } = &self.parts;
        let wait = match archive.prune(PruneMode::Done, clock.now()) {
            Ok(mut pruned) => {
                let failures = std::mem::take(&mut pruned.failures);
                let wait = if failures.is_empty() {
                    PRUNE_EVERY
                } else {
                    PRUNE_AGAIN
                };
                report(Event::Pruned(pruned));
                publisher.notify();
                for error in failures {
                    report(Event::PruneFailed(error));
                }
                wait
            }
            Err(error) => {
                report(Event::PruneFailed(error));
                PRUNE_AGAIN
            }
        };
        self.next_prune = Instant::now() + wait;
    }

    /// Goes on with the configuration as it is now, where it changed or somebody asks for it.
    fn reload_if_changed(&mut self, heard: &Heard, look: bool) {
        if !self.config.is_due(heard, look) {
            return;
        }
        match self.open() {
            Ok((archive, setup)) => {
                self.parts.archive = archive;
                self.parts.publisher.replace(setup);
                self.make_folders();
                self.next_look = Instant::now();
                (self.parts.report)(Event::Reloaded);
            }
            Err(error) => (self.parts.report)(Event::ReloadFailed(error)),
        }
    }

    fn open(&self) -> Result<(Arc<Archive>, Setup), ReloadError> {
        let archive = self.config.open()?;
        let signer = sign::open(&archive.config().signing, archive.root(), self.parts.clock.now())?;
        let setup = Setup {
            archive: archive.clone(),
            signer,
        };
        Ok((archive, setup))
    }
}
