//! `GET /healthz` and `GET /readyz`: whether the process runs, and whether it can do its work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::error_text::with_causes;
use debian_archive::publisher::FailureReason;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::receive::{RESERVE, free_bytes};

/// Reports that the process is running, without checking anything else.
#[utoipa::path(get, path = "/healthz", operation_id = "check_liveness", tag = "operating",
    responses((status = 200, description = "The process is running", body = String, content_type = "text/plain")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The state of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServerState {
    /// All is well.
    Ready,
    /// It answers, but not all of it works: see `wrong`.
    Degraded,
    /// Requests are to go elsewhere: see `wrong`.
    Unready,
}

/// Whether the server can do its work, and if not, why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: ServerState,
    /// Whether the server handles requests: true for `ready` and `degraded`.
    ready: bool,
    /// Whether the catalog answers.
    pub(crate) catalog: bool,
    /// Whether the disk is writable.
    pub(crate) staging: bool,
    /// Whether the store of the archive's files answers.
    pub(crate) storage: bool,
    /// Whether accepted packages are published, as far as this process publishes.
    pub(crate) publishing: bool,
    /// Whether the server is shutting down.
    draining: bool,
    /// Descriptions of what is wrong. The log has the details.
    pub(crate) wrong: Vec<&'static str>,
}

/// After so many seconds another look may find otherwise.
const RETRY_AFTER: &str = "5";

/// How long a look may take. A probe that waits for longer is given up by whoever sent it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// Below this, in bytes, nothing works that writes: SQLite alone takes more for one commit.
const NO_ROOM: u64 = 1 << 20;

/// What a look at the archive found.
#[derive(Debug, Default)]
struct Checks {
    catalog: bool,
    staging: bool,
    /// `None`: the system does not tell.
    free_bytes: Option<u64>,
}

impl Checks {
    /// Looks at the catalog and the disk. Blocking.
    fn run(app: &App) -> Self {
        Self {
            catalog: check("read the catalog", app.archive.catalog().progress()).is_some(),
            staging: check("create a file in the archive", app.staging.create()).is_some(),
            free_bytes: check("read how much of the disk is free", free_bytes(app)),
        }
    }
}

/// Logs what failed: the answer to the probe does not say why.
fn check<T, E: std::error::Error + 'static>(action: &str, result: Result<T, E>) -> Option<T> {
    let logged = result.inspect_err(|error| tracing::warn!(error = %with_causes(error), "cannot {action}"));
    logged.ok()
}

/// Reports whether the server can handle requests: the catalog and the store answer, and the disk is writable.
#[utoipa::path(get, path = "/readyz", operation_id = "check_readiness", tag = "operating",
    responses((status = 200, description = "Ready, or degraded", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let body = readiness(&app).await;
    if body.ready {
        return Answer(body).into_response();
    }
    let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
    (StatusCode::SERVICE_UNAVAILABLE, retry, Answer(body)).into_response()
}

/// Looks at whether the server can do its work.
pub(crate) async fn readiness(app: &Arc<App>) -> Readiness {
    // A database that stands still takes connections and answers nothing.
    let checks = tokio::time::timeout(PATIENCE, app.blocking(|app| Ok(Checks::run(app))));
    let (checked, storage) = tokio::join!(checks, app.store_answers());
    let checked = checked.unwrap_or_else(|_| match app.is_busy() {
        true => Err(Problem::failed()),
        // Of the disk, nothing is known that would be wrong.
        false => Ok(Checks {
            staging: true,
            ..Checks::default()
        }),
    });
    let failing = app.publications.failing();
    let draining = app.draining.load(Ordering::Relaxed);
    let busy = checked.is_err();
    // Nothing is known of a server that found no time to look: it is not ready.
    let checks = checked.unwrap_or_default();
    let no_room = checks.free_bytes.is_some_and(|free| free < NO_ROOM);
    let little_room = checks.free_bytes.is_some_and(|free| free < RESERVE);
    let wrong: Vec<&str> = [
        (busy, "the server is too busy to check itself"),
        (!busy && !checks.catalog, "the catalog does not answer"),
        (!busy && !checks.staging, "files cannot be created in the archive"),
        (!busy && !storage, "the store of the files does not answer"),
        (no_room, "the disk is full"),
        (
            !no_room && little_room,
            "the disk is nearly full: uploads are refused",
        ),
        (
            failing.contains(&FailureReason::Signing),
            "signing fails: accepted packages are not published",
        ),
        (
            failing.contains(&FailureReason::Gate),
            "a gate holds back a suite: some packages could not be installed",
        ),
        (
            failing.contains(&FailureReason::Other),
            "publishing fails: accepted packages are not published",
        ),
        (draining, "the server is shutting down"),
    ]
    .into_iter()
    .filter_map(|(is_so, text)| is_so.then_some(text))
    .collect();
    let (catalog, staging) = (checks.catalog, checks.staging && !no_room);
    let ready = catalog && staging && storage && !draining;
    Readiness {
        status: match (ready, wrong.is_empty()) {
            (false, _) => ServerState::Unready,
            (true, false) => ServerState::Degraded,
            (true, true) => ServerState::Ready,
        },
        ready,
        catalog,
        staging,
        storage,
        publishing: failing.is_empty(),
        draining,
        wrong,
    }
}
