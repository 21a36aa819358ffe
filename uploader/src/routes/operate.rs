//! For whoever runs the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// Says that the process runs; looks at nothing.
#[utoipa::path(get, path = "/healthz", operation_id = "check_liveness", tag = "operating",
    responses((status = 200, description = "The process is running", body = String, content_type = "text/plain")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the server can do its work, and what keeps it from it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    catalog: bool,
    staging: bool,
    draining: bool,
}

/// Says whether the server can take requests: its catalog answers and its disk takes files.
#[utoipa::path(get, path = "/readyz", operation_id = "check_readiness", tag = "operating",
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let looked = app.blocking(|app| {
        let catalog = app.archive.catalog().progress().is_ok();
        let staging = app.staging.create().is_ok();
        Ok((catalog, staging))
    });
    let (catalog, staging) = looked.await.unwrap_or((false, false));
    let draining = app.draining.load(Ordering::Relaxed);
    let ready = catalog && staging && !draining;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Readiness {
        ready,
        catalog,
        staging,
        draining,
    };
    (status, Answer(body)).into_response()
}

/// What was counted, for Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "operating",
    responses((status = 200, description = "Metrics in the Prometheus text format", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.render()).into_response()
}
