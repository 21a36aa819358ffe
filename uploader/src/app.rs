//! What every request works with, and the one way from async to blocking code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use archive_catalog::accounts::Id;
use archive_storage::staging::Staging;
use debian_archive::archive::Archive;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::committer::Committer;
use crate::limits::Limits;
use crate::live::Live;
use crate::oidc::Oidc;
use crate::password::Passwords;
use crate::problem::{Code, Problem};
use crate::queue::{Bounds, Queue};
use crate::refusals::Refusals;
use crate::session::Sessions;
use crate::settings::Settings;
use crate::usage::Usage;

/// How long a request waits for a thread before the server calls itself busy. With the time that a writer then waits for the catalog, it is
/// less than the minute after which proxies give up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Uploads that are received at once; more wait.
const MAX_UPLOADS: usize = 128;
/// Uploads of one account that are received at once; more wait, and leave the other places to others.
const MAX_UPLOADS_OF_ONE: usize = 64;

/// The server with its archive as it is configured now. A request keeps the one that it began with.
pub(crate) struct App {
    pub(crate) archive: Arc<Archive>,
    shared: Arc<Shared>,
}

/// What stays when `repogen.toml` is read again.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) staging: Staging,
    pub(crate) sessions: Sessions,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    /// Taken by whoever compares an entity tag and then changes what has it, so that of two changes to one state the second is refused.
    pub(crate) edits: Edits,
    pub(crate) committer: Committer,
    pub(crate) live: Arc<Live>,
    pub(crate) usage: Usage,
    pub(crate) queue: Queue,
    pub(crate) refusals: Refusals,
    pub(crate) oidc: Oidc,
    uploads: Semaphore,
    /// The places of each account that uploads.
    places: Mutex<HashMap<Id, Arc<Semaphore>>>,
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// Set when the server goes down.
    pub(crate) draining: std::sync::atomic::AtomicBool,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// A place among the uploads that are received at once.
pub(crate) struct UploadPlace<'a> {
    _own: OwnedSemaphorePermit,
    _place: SemaphorePermit<'a>,
}

/// What a server is made of.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) archive: Arc<Archive>,
    pub(crate) secret: String,
    pub(crate) committer: Committer,
    pub(crate) live: Arc<Live>,
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
}

impl App {
    pub(crate) fn new(parts: Parts) -> anyhow::Result<Arc<Self>> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let shared = Shared {
            staging: Staging::new(parts.archive.root())?,
            sessions: Sessions::new(&parts.secret, parts.settings.token_ttl),
            passwords: Passwords::new()?,
            limits: Limits::new(parts.settings.rates),
            edits: Edits::default(),
            usage: Usage::default(),
            oidc: Oidc::new(parts.archive.root())?,
            queue: Queue::new(Bounds::of(parts.settings.max_upload_bytes)),
            refusals: Refusals::default(),
            uploads: Semaphore::new(MAX_UPLOADS),
            places: Mutex::default(),
            metrics: parts.metrics,
            draining: false.into(),
            // Most of it waits for the disk, so more than there are cores.
            readers: Arc::new(Semaphore::new(8 * cores)),
            writers: Arc::new(Semaphore::new(8 * cores)),
            settings: parts.settings,
            committer: parts.committer,
            live: parts.live,
        };
        Ok(Arc::new(Self {
            archive: parts.archive,
            shared: Arc::new(shared),
        }))
    }

    /// Returns the same server on its archive as it was opened again.
    pub(crate) fn with(&self, archive: Arc<Archive>) -> Arc<Self> {
        Arc::new(Self {
            archive,
            shared: self.shared.clone(),
        })
    }

    /// Waits for a place among the uploads that are received at once: among the account's own first, so that who waits there takes
    /// none of the places of all.
    pub(crate) async fn upload_place(&self, account: &Id) -> Result<UploadPlace<'_>, Problem> {
        let going_down = |_| Problem::new(Code::Unavailable, "the server is going down");
        let own = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            // Who uploads nothing at present has no entry.
            places.retain(|_, places| Arc::strong_count(places) > 1);
            let own = places.entry(account.clone());
            own.or_insert_with(|| Arc::new(Semaphore::new(MAX_UPLOADS_OF_ONE)))
                .clone()
        };
        let own = own.acquire_owned().await.map_err(going_down)?;
        let place = self.uploads.acquire().await.map_err(going_down)?;
        Ok(UploadPlace {
            _own: own,
            _place: place,
        })
    }

    /// Runs `work` that only reads on a thread that may wait. With [`App::changing`], the one way to the archive.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.on_thread(&self.readers, work).await
    }

    /// Runs `work` that changes something on a thread that may wait.
    ///
    /// It waits for others who write, here and in other processes, and would have everybody wait with it who only reads: so
    /// writers have threads of their own.
    pub(crate) async fn changing<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.on_thread(&self.writers, work).await
    }

    async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        threads: &Arc<Semaphore>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = match tokio::time::timeout(PATIENCE, threads.clone().acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            _ => return Err(Problem::new(Code::Unavailable, "the server is busy: try again")),
        };
        let (app, span) = (self.clone(), tracing::Span::current());
        let worked = tokio::task::spawn_blocking(move || {
            // It goes along: the work goes on also when the client has gone.
            let _permit = permit;
            span.in_scope(|| work(&app))
        });
        worked.await.map_err(|error| Problem::internal(&error))?
    }
}

/// Changes by one process, one after the other.
#[derive(Default)]
pub(crate) struct Edits(Mutex<()>);

impl Edits {
    /// Waits for the turn. Blocking.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
