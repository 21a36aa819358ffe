//! `POST /api/webhooks/{id}/rotation`: another secret for a webhook.

use std::sync::Arc;

use archive_catalog::webhooks::NewSecret;
use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::view::WebhookView;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::{addressed, missing};
use crate::webhooks;

/// For how long the secret before signs, too, in seconds: a day.
const OVERLAP: i64 = 24 * 3600;

/// Gives a webhook another secret. For a day the one before signs as well, so that its receiver can change to the new one meanwhile.
#[utoipa::path(post, path = "/api/webhooks/{id}/rotation", operation_id = "rotate_webhook_secret", tag = "webhooks", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The webhook with its new secret", body = WebhookView)))]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            rotated(app, &caller, &id)
        })
        .await?;
    Ok(([("cache-control", "no-store")], Answer(view)).into_response())
}

/// Gives a webhook another secret.
pub(crate) fn rotated(app: &App, caller: &Caller, id: &str) -> Result<WebhookView, Problem> {
    let webhook = addressed(app, caller, id)?;
    let new = NewSecret {
        secret: webhooks::new_secret(),
        old_until: now() + OVERLAP,
    };
    let event = caller.event(
        "webhook.rotate",
        webhook.id.to_string(),
        json!({ "name": webhook.name }),
    );
    let catalog = app.archive.webhooks();
    let rotated = catalog.rotate_webhook_secret(&webhook.id, &new, &event)?;
    Ok(WebhookView::new(&rotated.ok_or_else(missing)?, Some(new.secret)))
}
