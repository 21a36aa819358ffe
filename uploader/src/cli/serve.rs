//! `uploader serve`: from the settings to a server, and back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use archive_catalog::CatalogError;
use debian_archive::archive::{Archive, OpenError};
use debian_archive::at_start;
use debian_archive::error_text::with_causes;
use debian_archive::watch::Reloader;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::archive::{open_at_start, tell_away};
use super::error::CommandError;
use super::{log, reload};
use crate::app::{App, AppParts};
use crate::clock::now;
use crate::committer::Committer;
use crate::publication_tracker::PublicationTracker;
use crate::server::{self, ConnectionBounds};
use crate::settings::Settings;
use crate::threads::BlockingThreads;
use crate::webhooks::Deliverer;
use crate::{queue, resumable, secrets};

/// How long requests may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(25);
/// How often the catalog is looked at: whether it is still the one that was opened.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often counts are written, and what is over is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// Blocks of so many bytes or more are mapped by themselves.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: libc::c_int = 1 << 20;

pub(super) fn run(settings: Settings) -> Result<(), CommandError> {
    bound_heap();
    let open_files = server::raise_open_files().map_err(|error| {
        CommandError::archive(anyhow::anyhow!("cannot raise the limit of open files: {error}"))
    })?;
    log::start().map_err(|error| CommandError::archive(anyhow::anyhow!("cannot start logging: {error}")))?;
    // Before the archive is opened: a change from here on is seen.
    let reloader = Reloader::new(&settings.location);
    let archive = Arc::new(open_at_start(&settings)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::archive)?;
    let bounds = ConnectionBounds::of(open_files, settings.trusted_proxies.clone());
    let app = app(settings, archive, bounds.per_address).map_err(CommandError::archive)?;
    runtime
        .block_on(serve(app, reloader, bounds))
        .map_err(CommandError::archive)
}

/// Has all threads share two heaps, and has large blocks go back to the system.
///
/// glibc gives threads that meet a heap of their own, eight for each core, and what one thread frees another cannot use: over 8,000
/// uploads that held twice the memory. It also moves the size from which a block is mapped by itself up to that of each such block that
/// was freed, so that the blocks of password hashes come to lie in the heaps and stay there: a size that was set stays. See mallopt(3).
fn bound_heap() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "mallopt has no safe wrapper")]
    // SAFETY: these change numbers, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

fn app(settings: Settings, archive: Arc<Archive>, requests_per_address: usize) -> anyhow::Result<Arc<App>> {
    let secret = match &settings.jwt_secret {
        Some(secret) => secret.clone(),
        None => match shared_secret(&archive)? {
            Some(shared) => shared,
            None => secrets::jwt_secret(&settings.location.home).context("cannot use `keys/jwt.secret`")?,
        },
    };
    // First: what the others count from their start on is to be seen.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let readers = BlockingThreads::new();
    let publications = PublicationTracker::start(&settings, &archive, readers.clone())?;
    App::new(AppParts {
        committer: Committer::start(publications.clone())?,
        metrics,
        settings,
        archive,
        secret,
        publications,
        readers,
        requests_per_address,
    })
}

/// Returns the secret that the servers of one database share; `None` where it stays on this machine.
fn shared_secret(archive: &Archive) -> Result<Option<String>, OpenError> {
    let fresh = secrets::new_secret();
    at_start::patiently(|| Ok(archive.shared_secret("jwt", &fresh)?), tell_away)
}

async fn serve(app: Arc<App>, reloader: Reloader, bounds: ConnectionBounds) -> anyhow::Result<()> {
    let address = app.settings.address;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let tidying = tokio::spawn(tidy(app.clone()));
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let delivering = tokio::spawn(Deliverer::new(app.clone())?.run(stopping.clone()));
    let (config, routers) = reload::start(app.clone(), reloader)?;
    let reloading = tokio::spawn(reload::on_hangup(config)?);
    let told_to_stop = stop_signal()?;
    let serving = tokio::spawn(server::serve(listener, routers, bounds, stopping));
    // What is wrong with the store is told at once, and not looked for by the first upload.
    app.store_answers().await;
    // Last: whoever reads this may send requests and signals.
    tracing::info!(%address, "listening on {address}");
    let replaced = tokio::select! {
        () = told_to_stop => None,
        error = catalog_replaced(&app) => Some(error),
    };
    reloading.abort();
    app.draining.store(true, Ordering::Relaxed);
    tracing::info!(
        "shutting down: open requests have {} s to finish",
        DRAIN.as_secs()
    );
    stop.send_replace(true);
    let ended = async { tokio::join!(serving, delivering) };
    if tokio::time::timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("open requests were aborted");
    }
    tidying.abort();
    if let Some(error) = replaced {
        // Counts belong to the catalog that is gone.
        return Err(error.into());
    }
    let last = tokio::task::spawn_blocking(move || {
        app.publications.stop();
        write_counts(&app)
    });
    last.await?.context("cannot write counts")
}

/// Waits until another file has taken the place of the catalog.
async fn catalog_replaced(app: &Arc<App>) -> CatalogError {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let app = app.clone();
        let looked =
            tokio::task::spawn_blocking(move || app.publications.archive().catalog().progress().err()).await;
        if let Ok(Some(error @ CatalogError::Replaced { .. })) = looked {
            return error;
        }
    }
}

async fn tidy(app: Arc<App>) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        app.limits.forget();
        let app = app.clone();
        let written = tokio::task::spawn_blocking(move || {
            queue::sweep(&app, now());
            resumable::sweep(&app, now());
            write_counts(&app)
        })
        .await;
        if let Ok(Err(error)) = written {
            tracing::error!(error = %with_causes(&error), "cannot write counts");
        }
    }
}

/// Writes what requests counted. Blocking.
fn write_counts(app: &App) -> Result<(), CatalogError> {
    let archive = app.publications.archive();
    app.usage.write(&archive, now())?;
    app.refusals.write(archive.audit(), now())
}

/// Returns what ends with SIGTERM or SIGINT; from here on, neither ends the process by itself.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
