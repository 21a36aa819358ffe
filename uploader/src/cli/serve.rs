//! `uploader serve`: from the settings to a server, and back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use repogen::error_text::with_causes;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, log, open};
use crate::app::{App, Parts};
use crate::committer::Committer;
use crate::live::Live;
use crate::routes;
use crate::secrets;
use crate::server::{self, Bounds};
use crate::settings::Settings;

/// How long requests may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(25);
/// How often counts are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

pub(super) fn run(settings: Settings) -> Result<(), Failure> {
    log::start().map_err(|error| Failure::archive(anyhow::anyhow!("cannot log: {error}")))?;
    let archive = Arc::new(open(&settings)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::archive)?;
    let app = app(settings, archive).map_err(Failure::archive)?;
    runtime.block_on(serve(app)).map_err(Failure::archive)
}

fn app(settings: Settings, archive: Arc<repogen::archive::Archive>) -> anyhow::Result<Arc<App>> {
    let secret = match &settings.jwt_secret {
        Some(secret) => secret.clone(),
        None => secrets::jwt_secret(&settings.root).context("cannot use `keys/jwt.secret`")?,
    };
    let live = Live::start(&settings, &archive)?;
    App::new(Parts {
        committer: Committer::start(archive.clone(), live.clone())?,
        metrics: PrometheusBuilder::new().install_recorder()?,
        settings,
        archive,
        secret,
        live,
    })
}

async fn serve(app: Arc<App>) -> anyhow::Result<()> {
    let address = app.settings.address;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening on {address}");
    let counting = tokio::spawn(write_counts(app.clone()));
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let router = routes::router(app.clone());
    let serving = tokio::spawn(server::serve(listener, router, Bounds::default(), stopping));
    wait_for_signal().await;
    app.draining.store(true, Ordering::Relaxed);
    tracing::info!("stopping: requests under way have {} s", DRAIN.as_secs());
    stop.send_replace(true);
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::warn!("requests were cut off");
    }
    counting.abort();
    let last = tokio::task::spawn_blocking(move || {
        app.live.stop();
        app.usage.write(&app.archive)
    });
    last.await?.context("cannot write counts")
}

async fn write_counts(app: Arc<App>) {
    loop {
        tokio::time::sleep(WRITE_EVERY).await;
        app.sign_ins.forget();
        let app = app.clone();
        let written = tokio::task::spawn_blocking(move || app.usage.write(&app.archive)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(error = %with_causes(&error), "cannot write counts");
        }
    }
}

async fn wait_for_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
