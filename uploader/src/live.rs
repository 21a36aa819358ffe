//! What is published, for those who wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use debian_formats::name::SuiteName;
use repogen::archive::Archive;
use repogen::error_text::with_causes;
use repogen::publish::Clock;
use repogen::publisher::{Event, Publisher, Setup, Surroundings};
use repogen::sign::SignError;
use tokio::sync::watch;

use crate::app::{App, now};
use crate::problem::Problem;
use crate::settings::{PublisherMode, Settings};

/// How long a request waits for its package to be live.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the catalog is looked at for what another process published, while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whether a change is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    Yes,
    NotYet,
}

/// Knows which revision of each suite is live, and publishes where that is this process's business.
pub(crate) struct Live {
    archive: RwLock<Arc<Archive>>,
    revisions: watch::Sender<BTreeMap<SuiteName, i64>>,
    publisher: Mutex<Option<Publisher>>,
    /// Held by the one waiting request that looks for the others, too.
    looking: tokio::sync::Mutex<()>,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        now()
    }

    fn wait(&self, seconds: i64) {
        std::thread::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
    }
}

impl Live {
    /// Starts the publisher, where it is this process's.
    pub(crate) fn start(settings: &Settings, archive: &Arc<Archive>) -> anyhow::Result<Arc<Self>> {
        let live = Arc::new(Self {
            archive: RwLock::new(archive.clone()),
            revisions: watch::Sender::new(BTreeMap::new()),
            publisher: Mutex::new(None),
            looking: tokio::sync::Mutex::new(()),
        });
        if settings.publisher == PublisherMode::Off {
            return Ok(live);
        }
        let told = Arc::downgrade(&live);
        let publisher = Publisher::start(
            setup(archive)?,
            Surroundings {
                clock: Arc::new(SystemClock),
                report: Box::new(move |event| {
                    log(&event);
                    if let Some(live) = told.upgrade() {
                        live.look();
                    }
                }),
                catalog: Some(settings.catalog.path().to_owned()),
            },
        )?;
        *live.lock() = Some(publisher);
        Ok(live)
    }

    /// Returns the archive as it is configured now.
    pub(crate) fn archive(&self) -> Arc<Archive> {
        self.archive
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Goes on with another configuration, or other keys.
    pub(crate) fn replace(&self, archive: &Arc<Archive>) -> Result<(), SignError> {
        if let Some(publisher) = self.lock().as_ref() {
            publisher.replace(setup(archive)?);
        }
        *self.archive.write().unwrap_or_else(PoisonError::into_inner) = archive.clone();
        Ok(())
    }

    /// Tells the publisher that something was committed.
    pub(crate) fn changed(&self) {
        if let Some(publisher) = self.lock().as_ref() {
            publisher.notify();
        }
    }

    /// Waits until what `suites` hold now is live.
    pub(crate) async fn wait(&self, app: &Arc<App>, suites: Vec<SuiteName>) -> Result<Published, Problem> {
        let wanted: Vec<(SuiteName, i64)> = app
            .blocking(move |app| {
                let progress = app.archive.catalog().progress()?;
                app.live.look();
                Ok(progress
                    .into_iter()
                    .filter(|progress| suites.contains(&progress.suite))
                    .map(|progress| (progress.suite, progress.revision))
                    .collect())
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
            reached = reached => reached.is_ok(),
            () = keep_looking(app) => false,
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
fn setup(archive: &Arc<Archive>) -> Result<Setup, SignError> {
    let signer = repogen::sign::open(&archive.config().signing, archive.root(), now())?;
    Ok(Setup {
        archive: archive.clone(),
        signer,
    })
}

/// Looks at the catalog again and again, for as long as somebody waits for this. One looks for all who wait.
async fn keep_looking(app: &Arc<App>) {
    let _turn = app.live.looking.lock().await;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let looked = app.blocking(|app| {
            app.live.look();
            Ok(())
        });
        if looked.await.is_err() {
            return;
        }
    }
}

fn log(event: &Event) {
    match event {
        Event::Published { suite, report } => {
            tracing::info!(
                suite = %suite,
                packages = report.counts.packages,
                added = report.counts.added,
                removed = report.counts.removed,
                duration_ms = report.milliseconds,
                "published {suite}"
            );
            if !report.gated.0.is_empty() {
                tracing::warn!(suite = %suite, broken = %report.gated, "{suite} has new packages that nobody can install");
            }
        }
        Event::Failed { suite, error } => {
            tracing::error!(suite = %suite, error = %with_causes(error), "cannot publish {suite}");
        }
        Event::Recovered { suite } => tracing::info!(suite = %suite, "{suite} is published again"),
        Event::CatalogFailed(error) => {
            tracing::error!(error = %with_causes(error), "cannot read the catalog")
        }
        Event::NotWatching(error) => {
            tracing::warn!(error = %with_causes(error), "changes of other processes are found by looking only");
        }
    }
}
