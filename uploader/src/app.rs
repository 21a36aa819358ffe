//! What every request works with.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use archive_storage::staging::Staging;
use debian_archive::archive::Archive;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Notify;

use crate::committer::Committer;
use crate::oidc::Oidc;
use crate::password::Passwords;
use crate::problem::{Code, Problem};
use crate::publication_tracker::PublicationTracker;
use crate::rate_limits::RateLimits;
use crate::refusals::Refusals;
use crate::requests_in_progress::RequestsInProgress;
use crate::session::Sessions;
use crate::settings::Settings;
use crate::single_sign_on::SingleSignOn;
use crate::store_health::StoreHealth;
use crate::threads::BlockingThreads;
use crate::upload_slots::UploadSlots;
use crate::usage::Usage;

/// How long a request that reads may take: less than the minute after which proxies give up.
const LONGEST_READ: Duration = Duration::from_secs(55);

/// The server with its archive as it is configured now. A request keeps the one that it began with.
///
/// All but the archive is shared between the configurations that follow each other.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) archive: Arc<Archive>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) staging: Arc<Staging>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) limits: Arc<RateLimits>,
    /// Held while an entity tag is compared and the resource changed: of two changes based on the same state, the second is refused.
    edits: Arc<Mutex<()>>,
    pub(crate) committer: Arc<Committer>,
    pub(crate) publications: Arc<PublicationTracker>,
    pub(crate) usage: Arc<Usage>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) oidc: Arc<Oidc>,
    pub(crate) single_sign_on: Arc<SingleSignOn>,
    pub(crate) upload_slots: Arc<UploadSlots>,
    pub(crate) in_progress: Arc<RequestsInProgress>,
    store_health: Arc<StoreHealth>,
    /// Rung when something is to be sent to a webhook at once.
    pub(crate) outbox_bell: Arc<Notify>,
    pub(crate) metrics: PrometheusHandle,
    /// Set when the server shuts down.
    pub(crate) draining: Arc<AtomicBool>,
    readers: BlockingThreads,
    writers: BlockingThreads,
}

/// What has to be started before there is a server.
pub(crate) struct AppParts {
    pub(crate) settings: Settings,
    pub(crate) archive: Arc<Archive>,
    pub(crate) secret: String,
    pub(crate) committer: Committer,
    pub(crate) publications: Arc<PublicationTracker>,
    pub(crate) metrics: PrometheusHandle,
    /// Threads for what only reads.
    pub(crate) readers: BlockingThreads,
    /// Requests at once of one client.
    pub(crate) requests_per_address: usize,
}

impl App {
    pub(crate) fn new(parts: AppParts) -> anyhow::Result<Arc<Self>> {
        let AppParts {
            settings,
            archive,
            secret,
            committer,
            publications,
            metrics,
            readers,
            requests_per_address,
        } = parts;
        Ok(Arc::new(Self {
            staging: Arc::new(Staging::new(archive.local())?),
            sessions: Arc::new(Sessions::new(&secret, settings.token_ttl)),
            passwords: Arc::new(Passwords::new()?),
            limits: Arc::new(RateLimits::new(settings.rates)),
            edits: Arc::default(),
            committer: Arc::new(committer),
            publications,
            usage: Arc::default(),
            refusals: Arc::default(),
            oidc: Arc::new(Oidc::new(archive.home())?),
            single_sign_on: Arc::new(SingleSignOn::new(&archive, settings.sign_in_secret.clone())?),
            upload_slots: Arc::new(UploadSlots::new()),
            in_progress: Arc::new(RequestsInProgress::new(requests_per_address)),
            store_health: Arc::default(),
            outbox_bell: Arc::default(),
            metrics,
            draining: Arc::default(),
            readers,
            writers: BlockingThreads::new(),
            settings: Arc::new(settings),
            archive,
        }))
    }

    /// Returns the same server on its archive as it was opened again.
    pub(crate) fn with_archive(&self, archive: Arc<Archive>) -> Arc<Self> {
        Arc::new(Self {
            archive,
            ..self.clone()
        })
    }

    /// Says whether the store of the files answers.
    pub(crate) async fn store_answers(&self) -> bool {
        self.store_health.answers(&self.readers, &self.archive).await
    }

    /// Runs `work` that only reads on a thread that may wait. With [`App::changing`], the one way to the archive.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(LONGEST_READ, self.blocking_long(work)).await {
            Ok(done) => done,
            Err(_) => Err(Problem::new(
                Code::Unavailable,
                "the catalog or the store of the files stands still: try again",
            )),
        }
    }

    /// Says whether no thread is free that may wait.
    pub(crate) fn is_busy(&self) -> bool {
        self.readers.are_all_taken()
    }

    /// Runs the same where it may take minutes, such as a look at every file of the archive.
    pub(crate) async fn blocking_long<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        self.readers.run(move || work(&app)).await
    }

    /// Waits for the turn to change what is read first, as `If-Match` asks for: in this process and in all on the catalog. Blocking.
    pub(crate) fn turn_to_edit(&self) -> Result<EditTurn<'_, impl Drop + '_>, Problem> {
        let since = Instant::now();
        let among_threads = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever had the turn before has waited for the catalog: that each waits as long by itself would add up.
        if since.elapsed() >= EDIT_PATIENCE {
            return Err(Problem::new(
                Code::Unavailable,
                "other changes have waited for the catalog for too long, and nothing was changed: try again",
            ));
        }
        Ok(EditTurn {
            _among_processes: self.archive.hold_edits()?,
            _among_threads: among_threads,
        })
    }

    /// Runs `work` that changes something on a thread that may wait.
    ///
    /// Writers wait for each other, in this process and in others. They have threads of their own, so that readers never wait for them.
    pub(crate) async fn changing<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        self.writers.run(move || work(&app)).await
    }
}

/// How long the turn to edit is waited for: less than the half minute in which a catalog that others hold is given up.
const EDIT_PATIENCE: Duration = Duration::from_secs(20);

/// The turn to change what was read before; others wait until it is dropped.
pub(crate) struct EditTurn<'a, D> {
    /// The turn among the processes that share the catalog. Dropped first.
    _among_processes: Option<D>,
    _among_threads: MutexGuard<'a, ()>,
}
