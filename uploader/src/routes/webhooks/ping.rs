//! `POST /api/webhooks/{id}/ping`: trying a webhook.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::view::DeliveryView;
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::{addressed, missing};

/// Sends an event of the kind `ping`, once, also to a webhook that is paused. `GET` of the delivery says what came of it.
#[utoipa::path(post, path = "/api/webhooks/{id}/ping", operation_id = "ping_webhook", tag = "webhooks", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 202, description = "It is being sent", body = DeliveryView)))]
pub(crate) async fn ping(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<(StatusCode, Answer<DeliveryView>), Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            pinged(app, &caller, &id)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Answer(view)))
}

/// Sends a ping.
pub(crate) fn pinged(app: &App, caller: &Caller, id: &str) -> Result<DeliveryView, Problem> {
    let webhook = addressed(app, caller, id)?;
    let event = caller.event(
        "webhook.ping",
        webhook.id.to_string(),
        json!({ "name": webhook.name }),
    );
    let delivery = app.archive.webhooks().ping_webhook(&webhook.id, &event)?;
    let view = DeliveryView::new(&delivery.ok_or_else(missing)?, None);
    app.outbox_bell.notify_one();
    Ok(view)
}
