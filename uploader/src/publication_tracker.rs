//! Tracks which revision of each suite is published, for requests that wait for theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;
use debian_archive::publish::PublishError;
use debian_archive::publisher::{FailureReason, Publisher, PublisherDeps, PublisherEvent, PublisherSetup};
use debian_archive::sign::SignError;
use debian_control::name::SuiteName;
use tokio::sync::watch;

use crate::clock::{ServerClock, now};
use crate::problem::{Code, Problem};
use crate::settings::{PublisherMode, Settings};
use crate::threads::BlockingThreads;

/// How long a request waits for its package to be live.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the catalog is looked at for what another process published, while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a signer that fails already is waited for: it is tried again at intervals, and may be mended by now.
const SECOND_CHANCE: Duration = Duration::from_secs(3);

/// What is known of a suite that cannot be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) reason: FailureReason,
    /// Which packages a gate holds it back for; of other reasons the log tells, which names files of this machine.
    pub(crate) because: Option<String>,
    /// What the suite held at least when that was tried last.
    revision: i64,
}

/// Whether a change is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    Yes,
    NotYet,
}

/// Knows which revision of each suite is live, and runs the publisher if this process publishes.
pub(crate) struct PublicationTracker {
    archive: RwLock<Arc<Archive>>,
    revisions: watch::Sender<BTreeMap<SuiteName, i64>>,
    /// The suites that cannot be published by this process, until they are.
    failing: watch::Sender<BTreeMap<SuiteName, Failing>>,
    publisher: Mutex<Option<Publisher>>,
    /// Held by the one waiting request that polls the catalog, for the others too.
    looking: tokio::sync::Mutex<()>,
    /// Where the catalog is read.
    readers: BlockingThreads,
}

impl PublicationTracker {
    /// Starts the publisher, if this process publishes.
    pub(crate) fn start(
        settings: &Settings,
        archive: &Arc<Archive>,
        readers: BlockingThreads,
    ) -> anyhow::Result<Arc<Self>> {
        let tracker = Arc::new(Self {
            archive: RwLock::new(archive.clone()),
            revisions: watch::Sender::new(BTreeMap::new()),
            failing: watch::Sender::new(BTreeMap::new()),
            publisher: Mutex::new(None),
            looking: tokio::sync::Mutex::new(()),
            readers,
        });
        if settings.publisher == PublisherMode::Off {
            return Ok(tracker);
        }
        let told = Arc::downgrade(&tracker);
        let publisher = Publisher::start(
            setup(archive)?,
            PublisherDeps {
                clock: Arc::new(ServerClock),
                report: Box::new(move |event| {
                    let tracker = told.upgrade();
                    // What the log says is so already for whoever asks then.
                    tracker.iter().for_each(|tracker| tracker.note(&event));
                    log(&event);
                    tracker.iter().for_each(|tracker| tracker.look());
                }),
            },
        )?;
        *tracker.lock() = Some(publisher);
        Ok(tracker)
    }

    /// Returns the archive as it is configured now.
    pub(crate) fn archive(&self) -> Arc<Archive> {
        self.archive
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Continues with a new configuration, or new keys.
    pub(crate) fn replace(&self, archive: &Arc<Archive>) -> Result<(), SignError> {
        if let Some(publisher) = self.lock().as_ref() {
            publisher.replace(setup(archive)?);
        }
        *self.archive.write().unwrap_or_else(PoisonError::into_inner) = archive.clone();
        // Nobody will say of a suite that is gone that it is published again.
        self.fail(|failing| failing.retain(|suite, _| archive.config().suite(suite.as_str()).is_some()));
        Ok(())
    }

    /// Returns why suites cannot be published at present.
    pub(crate) fn failing(&self) -> Vec<FailureReason> {
        self.failing
            .borrow()
            .values()
            .map(|failing| failing.reason)
            .collect()
    }

    /// Returns why a suite cannot be published by this process at present.
    pub(crate) fn failing_in(&self, suite: &SuiteName) -> Option<Failing> {
        self.failing.borrow().get(suite).cloned()
    }

    /// Notes what the publisher tells of its failures.
    fn note(&self, event: &PublisherEvent) {
        match event {
            PublisherEvent::Failed {
                suite,
                error,
                revision,
                ..
            } => {
                let why = Failing {
                    reason: FailureReason::of(error),
                    because: match error {
                        PublishError::Gated { broken, .. } => Some(broken.to_string()),
                        _ => None,
                    },
                    revision: *revision,
                };
                self.fail(|failing| {
                    failing.insert(suite.clone(), why);
                });
            }
            PublisherEvent::Recovered { suite } | PublisherEvent::Published { suite, .. } => {
                if self.failing.borrow().contains_key(suite) {
                    self.fail(|failing| {
                        failing.remove(suite);
                    });
                }
            }
            // That has no end: see the log.
            PublisherEvent::StillServed(_)
            | PublisherEvent::CatalogFailed(_)
            | PublisherEvent::NotWatching(_) => {}
        }
    }

    fn fail(&self, change: impl FnOnce(&mut BTreeMap<SuiteName, Failing>)) {
        self.failing.send_modify(change);
    }

    /// Waits until one of these suites cannot be signed.
    async fn until_signing_fails(&self, suites: &[(SuiteName, i64)]) {
        let mut failing = self.failing.subscribe();
        let cannot_be_signed = |failing: &BTreeMap<SuiteName, Failing>| {
            suites.iter().any(|(suite, _)| {
                let failing = failing.get(suite);
                failing.is_some_and(|failing| failing.reason == FailureReason::Signing)
            })
        };
        let fails_already = cannot_be_signed(&failing.borrow());
        if fails_already {
            tokio::time::sleep(SECOND_CHANCE).await;
        }
        // The sender is a part of this.
        let _ = failing.wait_for(cannot_be_signed).await;
    }

    /// Waits until the gate of one of these suites holds the change back. By waiting longer nobody would see it.
    async fn until_gated(&self, suites: &[(SuiteName, i64)]) {
        let mut failing = self.failing.subscribe();
        let is_gated = |failing: &BTreeMap<SuiteName, Failing>| {
            suites.iter().any(|(suite, revision)| {
                let failing = failing.get(suite);
                failing.is_some_and(|failing| {
                    failing.reason == FailureReason::Gate && failing.revision >= *revision
                })
            })
        };
        // The sender is a part of this.
        let _ = failing.wait_for(is_gated).await;
    }

    /// Tells the publisher that something was committed.
    pub(crate) fn changed(&self) {
        if let Some(publisher) = self.lock().as_ref() {
            publisher.notify();
        }
    }

    /// Waits until what `suites` hold now is live.
    pub(crate) async fn wait(self: &Arc<Self>, suites: Vec<SuiteName>) -> Result<Published, Problem> {
        let tracker = self.clone();
        let wanted: Vec<(SuiteName, i64)> = self
            .readers
            .run(move || {
                let progress = tracker.archive().catalog().progress()?;
                tracker.look();
                let revision_of = |suite: SuiteName| {
                    let found = progress.iter().find(|progress| progress.suite == suite);
                    // Without a revision, nothing tells when the change is live: that must not read as success.
                    let found = found.ok_or_else(|| {
                        tracing::error!(%suite, "the catalog has no revision of {suite}");
                        Problem::failed()
                    })?;
                    Ok((suite, found.revision))
                };
                suites.into_iter().map(revision_of).collect()
            })
            .await?;
        self.changed();
        let mut revisions = self.revisions.subscribe();
        let reached = revisions.wait_for(|live| {
            wanted
                .iter()
                .all(|(suite, revision)| live.get(suite).is_some_and(|live| live >= revision))
        });
        let reached = tokio::time::timeout(PATIENCE, reached);
        // Also where this process publishes: another one that shares the catalog may have been faster.
        let reached = tokio::select! {
            biased;
            reached = reached => reached.is_ok(),
            () = self.until_signing_fails(&wanted) => {
                return Err(Problem::new(
                    Code::SigningUnavailable,
                    "the change is stored, but cannot be signed at present: it is published automatically once signing works again",
                ));
            }
            () = self.until_gated(&wanted) => false,
            () = self.keep_looking() => false,
        };
        Ok(if reached {
            Published::Yes
        } else {
            Published::NotYet
        })
    }

    /// Reads what is live.
    fn look(&self) {
        match self.archive().catalog().progress() {
            Ok(progress) => {
                // Several threads look at once, and one that looked earlier may come here later: what was seen live stays so.
                self.revisions.send_modify(|live| {
                    for progress in progress {
                        if let Some(publication) = progress.publication {
                            let seen = live.entry(progress.suite).or_insert(publication.revision);
                            *seen = publication.revision.max(*seen);
                        }
                    }
                });
            }
            Err(error) => tracing::error!(error = %with_causes(&error), "cannot read what is published"),
        }
    }

    /// Polls the catalog for as long as this is awaited. One request polls for all that wait.
    async fn keep_looking(self: &Arc<Self>) {
        let _turn = self.looking.lock().await;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let tracker = self.clone();
            let looked = self.readers.run(move || {
                tracker.look();
                Ok(())
            });
            if looked.await.is_err() {
                return;
            }
        }
    }

    /// Stops the publisher, after the publish that it is at. Blocking.
    pub(crate) fn stop(&self) {
        let publisher = self.lock().take();
        if let Some(publisher) = publisher {
            publisher.stop();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Publisher>> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the signer that the configuration names.
fn setup(archive: &Arc<Archive>) -> Result<PublisherSetup, SignError> {
    let signer = debian_archive::sign::open(&archive.config().signing, archive.home(), now())?;
    Ok(PublisherSetup {
        archive: archive.clone(),
        signer,
    })
}

fn log(event: &PublisherEvent) {
    match event {
        PublisherEvent::Published { suite, report } => {
            tracing::info!(
                suite = %suite,
                packages = report.counts.packages,
                added = report.counts.added,
                removed = report.counts.removed,
                duration_ms = report.milliseconds,
                "published {suite}"
            );
            if !report.gated.0.is_empty() {
                tracing::warn!(suite = %suite, broken = %report.gated, "{suite} has new packages that cannot be installed");
            }
            if report.is_signed_by_strangers {
                tracing::warn!(suite = %suite, "{suite} is signed by keys of which none signed what was served before: machines that know only those refuse it");
            }
        }
        PublisherEvent::Failed { is_news: false, .. } => {}
        PublisherEvent::Failed { suite, error, .. } => {
            tracing::error!(suite = %suite, error = %with_causes(error), "cannot publish {suite}");
        }
        PublisherEvent::StillServed(gone) => {
            tracing::error!(suite = %gone.suite, "{}", with_causes(&PublishError::StillServed(gone.clone())));
        }
        PublisherEvent::Recovered { suite } => tracing::info!(suite = %suite, "{suite} is published again"),
        PublisherEvent::CatalogFailed(error) => {
            tracing::error!(error = %with_causes(error), "cannot read the catalog")
        }
        PublisherEvent::NotWatching(error) => {
            tracing::warn!(error = %with_causes(error), "cannot watch the catalog: changes by other processes are found by polling");
        }
    }
}
