//! `repogen.toml` is read again when it changes, and it and the keys on SIGHUP.

use std::io;
use std::sync::Arc;

use axum::Router;
use debian_archive::error_text::with_causes;
use debian_archive::watch::{ConfigEvent, ConfigWatch, Reloader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::App;
use crate::routes;

/// Starts to watch; returns what answers requests, each time with the newest configuration.
pub(super) fn start(app: Arc<App>, reloader: Reloader) -> io::Result<(ConfigWatch, watch::Receiver<Router>)> {
    let (router, routers) = watch::channel(routes::router(app.clone()));
    let watch = ConfigWatch::start(reloader, move |event| match event {
        ConfigEvent::Read(archive) => match app.publications.replace(&archive) {
            Ok(()) => {
                drop(router.send_replace(routes::router(app.with_archive(archive))));
                tracing::info!("repogen.toml was reloaded");
            }
            Err(error) => failed(&error),
        },
        ConfigEvent::Failed(error) => failed(&error),
        ConfigEvent::NotWatching(error) => {
            tracing::warn!(error = %with_causes(&error), "cannot watch repogen.toml: changes are found by polling");
        }
    })?;
    Ok((watch, routers))
}

/// Has the configuration and the keys read again on each SIGHUP. It watches for as long as this runs.
pub(super) fn on_hangup(config: ConfigWatch) -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            config.reload();
        }
    })
}

fn failed(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error = %with_causes(error), "repogen.toml cannot be used: the previous settings stay in effect");
}
