//! `DELETE /api/webhooks/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::view::WebhookView;
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::{addressed, missing};
use crate::routes::wire;

/// Deletes a webhook with its deliveries, also those that wait.
#[utoipa::path(delete, path = "/api/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        deleted(app, &caller, &id, &headers)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Deletes a webhook, as far as it is what `If-Match` of the headers says.
pub(crate) fn deleted(app: &App, caller: &Caller, id: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let _turn = app.turn_to_edit()?;
    let webhook = addressed(app, caller, id)?;
    wire::check_if_match(headers, &WebhookView::new(&webhook, None))?;
    let event = caller.event(
        "webhook.delete",
        webhook.id.to_string(),
        json!({ "name": webhook.name }),
    );
    let deleted = app.archive.webhooks().delete_webhook(&webhook.id, &event)?;
    deleted.then_some(()).ok_or_else(missing)
}
