//! `GET /metrics`: what was counted, and how things stand, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::gauges;
use crate::routes::health::PATIENCE;

/// Returns metrics for Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "operating",
    responses((status = 200, description = "Metrics in the Prometheus text format", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    // Counts are told also when there is no time to look at the rest.
    let measured = app.blocking(|app| {
        gauges::measure(app);
        Ok(())
    });
    let measured = tokio::time::timeout(PATIENCE, measured).await;
    metrics::gauge!("archive_measured").set(u8::from(matches!(measured, Ok(Ok(())))));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.render()).into_response()
}
