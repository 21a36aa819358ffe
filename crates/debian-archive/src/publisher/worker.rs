//! The publisher's thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use debian_control::name::SuiteName;

use super::backoff::{Backoff, root_cause};
use super::event::PublisherEvent;
use super::failure_reason::FailureReason;
use super::metrics::PublishMetrics;
use super::schedule::{NextStep, Now, SuiteSchedule};
use super::shared::{LOOK_EVERY, PublisherSetup, Shared};
use crate::config::Suite;
use crate::publish::{Clock, PublishError, PublishMode, PublishOutcome};
use crate::sign;
use archive_catalog::{CatalogError, Progress};

/// How soon the revisions are polled after a first sign of a commit; each further poll waits twice as long.
///
/// A commit to SQLite's log is written, synced, and only then visible, and of that last step there is no
/// notification. So one sign is followed by polls, for about a second.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(512);

pub(super) struct PublisherWorker {
    setup: PublisherSetup,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock + Send>,
    report: Box<dyn Fn(PublisherEvent) + Send>,
    metrics: PublishMetrics,
    suites: BTreeMap<SuiteName, SuiteSchedule>,
    /// How long the next poll waits after a sign of a commit.
    look_in: Option<Duration>,
    /// Whether the signer is to be opened again: it failed.
    reopen: bool,
    /// Suites that are served and not configured, and were reported.
    told_gone: BTreeSet<SuiteName>,
    /// Failures of the catalog.
    catalog: Backoff,
}

impl PublisherWorker {
    pub(super) fn new(
        setup: PublisherSetup,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock + Send>,
        report: Box<dyn Fn(PublisherEvent) + Send>,
    ) -> Self {
        Self {
            setup,
            shared,
            clock,
            report,
            metrics: PublishMetrics::new(),
            suites: BTreeMap::new(),
            look_in: None,
            reopen: false,
            told_gone: BTreeSet::new(),
            catalog: Backoff::default(),
        }
    }

    pub(super) fn run(mut self) {
        let mut wait = Duration::ZERO;
        while self.wait(wait) {
            wait = match self.progress() {
                Ok(progress) => {
                    self.catalog.succeeded();
                    self.tell_gone();
                    self.publish(&progress)
                }
                Err(error) => {
                    self.tell_catalog(error);
                    LOOK_EVERY
                }
            };
        }
    }

    /// Waits for an event, at most so long. Returns false when the thread has to stop.
    fn wait(&mut self, longest: Duration) -> bool {
        let until = Instant::now() + self.look_in.map_or(longest, |look| look.min(longest));
        let shared = self.shared.clone();
        let mut state = shared.lock();
        while !(state.stop || state.committed || state.commit_seen || state.setup.is_some()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = shared
                .wake
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        self.look_in = if std::mem::take(&mut state.commit_seen) {
            Some(FIRST_LOOK)
        } else {
            self.look_in
                .map(|look| look * 2)
                .filter(|look| *look <= LAST_LOOK)
        };
        state.committed = false;
        if let Some(setup) = state.setup.take() {
            self.metrics.forget_unconfigured(&setup.archive);
            self.setup = setup;
            self.reopen = false;
            self.suites.values_mut().for_each(SuiteSchedule::recheck);
        }
        !state.stop
    }

    fn progress(&self) -> Result<Vec<Progress>, CatalogError> {
        self.setup.archive.catalog().progress()
    }

    /// Publishes what is due. Returns how long to wait before the next poll.
    fn publish(&mut self, progress: &[Progress]) -> Duration {
        let archive = self.setup.archive.clone();
        let mut wait = LOOK_EVERY;
        for suite in &archive.config().suites {
            let Some(progress) = progress.iter().find(|found| found.suite == suite.codename) else {
                continue;
            };
            let now = Now {
                seconds: self.clock.now(),
                instant: Instant::now(),
            };
            let schedule = self.suites.entry(suite.codename.clone()).or_default();
            match schedule.next(suite, progress, now) {
                NextStep::Idle => {}
                NextStep::In(left) => wait = wait.min(left),
                NextStep::Publish => {
                    self.publish_one(suite, progress.revision);
                    // What came meanwhile, and when this suite is due again.
                    wait = Duration::ZERO;
                }
            }
            if self.shared.lock().stop {
                break;
            }
        }
        wait
    }

    fn publish_one(&mut self, suite: &Suite, revision: i64) {
        let outcome = self.try_publish(suite);
        let schedule = self.suites.entry(suite.codename.clone()).or_default();
        let suite = suite.codename.clone();
        match outcome {
            Ok(outcome) => {
                let recovered = schedule.succeeded();
                if recovered {
                    self.report(PublisherEvent::Recovered { suite: suite.clone() });
                }
                if let PublishOutcome::Published(report) = outcome {
                    self.report(PublisherEvent::Published { suite, report });
                }
            }
            Err(error) => {
                self.reopen |= matches!(error, PublishError::Sign(_));
                let is_gated = FailureReason::of(&error) == FailureReason::Gate;
                let gated_at = is_gated.then_some(revision);
                let is_news = schedule.failed(cause(&error), gated_at, Instant::now());
                self.report(PublisherEvent::Failed {
                    suite,
                    error,
                    revision,
                    is_news,
                });
            }
        }
    }

    fn try_publish(&mut self, suite: &Suite) -> Result<PublishOutcome, PublishError> {
        let archive = &self.setup.archive;
        if self.reopen {
            // A key that was put in place meanwhile is to be found without a restart.
            let signing = &archive.config().signing;
            self.setup.signer = sign::open(signing, archive.home(), self.clock.now())?;
            self.reopen = false;
        }
        let signer = self.setup.signer.as_ref();
        let publish = |mode| archive.publish(suite, mode, signer, self.clock.as_ref());
        let published = match publish(PublishMode::Due) {
            // What names were left as they were before, nobody can tell: all are written once more.
            Err(PublishError::Overtaken(_)) => publish(PublishMode::Forced),
            published => published,
        };
        match published {
            // This machine stood still for too long, and the suite is in other hands.
            Err(PublishError::Catalog(CatalogError::LeaseLost(_))) => Ok(PublishOutcome::Unchanged),
            published => published,
        }
    }

    /// Reports, once, suites that are served and not configured.
    fn tell_gone(&mut self) {
        let Ok(gone) = self.setup.archive.gone_suites() else {
            return;
        };
        self.told_gone
            .retain(|told| gone.iter().any(|gone| gone.suite == *told));
        for gone in gone {
            if self.told_gone.insert(gone.suite.clone()) {
                self.report(PublisherEvent::StillServed(gone));
            }
        }
    }

    fn report(&mut self, event: PublisherEvent) {
        self.metrics.note(&event);
        (self.report)(event);
    }

    fn tell_catalog(&mut self, error: CatalogError) {
        if self.catalog.failed(root_cause(&error), Instant::now()) {
            self.report(PublisherEvent::CatalogFailed(error));
        }
    }
}

/// Returns what identifies a failure: no paths and times, which differ each time.
fn cause(error: &PublishError) -> String {
    if matches!(error, PublishError::Clock { .. }) {
        return "clock".into();
    }
    root_cause(error)
}
