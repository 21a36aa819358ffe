//! `POST /api/webhooks/{id}/deliveries/{delivery}/redelivery`: sending something again.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::deliveries::{missing, number};
use super::view::DeliveryView;
use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::addressed;

/// Sends a delivery again, by the same ID and with the same body, also to a webhook that is paused.
#[utoipa::path(post, path = "/api/webhooks/{id}/deliveries/{delivery}/redelivery", operation_id = "redeliver", tag = "webhooks",
    params(("id" = String, Path), ("delivery" = String, Path)), security(("bearer" = [])),
    responses((status = 202, description = "It is being sent", body = DeliveryView)))]
pub(crate) async fn redeliver(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<(StatusCode, Answer<DeliveryView>), Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            redelivered(app, &caller, &id, &delivery)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Answer(view)))
}

/// Has a delivery sent again.
pub(crate) fn redelivered(
    app: &App,
    caller: &Caller,
    id: &str,
    delivery: &str,
) -> Result<DeliveryView, Problem> {
    let webhook = addressed(app, caller, id)?;
    let number = number(delivery)?;
    let detail = json!({ "name": webhook.name, "delivery": delivery });
    let event = caller.event("webhook.redeliver", webhook.id.to_string(), detail);
    let again = app.archive.webhooks().redeliver(&webhook.id, number, &event)?;
    let view = DeliveryView::new(&again.ok_or_else(missing)?, None);
    app.outbox_bell.notify_one();
    Ok(view)
}
