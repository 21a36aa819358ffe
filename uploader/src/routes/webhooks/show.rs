//! `GET /api/webhooks/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::WebhookView;
use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::addressed;
use crate::routes::wire;

/// Returns a webhook.
#[utoipa::path(get, path = "/api/webhooks/{id}", operation_id = "show_webhook", tag = "webhooks", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 200, description = "The webhook", body = WebhookView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            Ok(WebhookView::new(&addressed(app, &caller, &id)?, None))
        })
        .await?;
    Ok(wire::revalidated(&headers, &view))
}
