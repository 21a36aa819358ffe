//! `PUT /api/webhooks/{id}`.

use std::sync::Arc;

use archive_catalog::webhooks::{Pause, WebhookChange};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::view::WebhookView;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::webhooks::{addressed, missing};
use crate::routes::wire;

/// A change to a webhook. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"paused": true}))]
pub(crate) struct ChangeWebhook {
    pub(crate) name: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) events: Option<Vec<String>>,
    /// Null means all suites.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) suites: Option<Option<Vec<String>>>,
    /// True: nothing is sent, and what happens meanwhile is not kept for it. False: it is sent what happens from now on, and what waits.
    pub(crate) paused: Option<bool>,
}

/// Changes a webhook, pauses it, or has it go on.
#[utoipa::path(put, path = "/api/webhooks/{id}", operation_id = "update_webhook", tag = "webhooks", params(("id" = String, Path)), request_body = ChangeWebhook,
    security(("bearer" = [])), responses((status = 200, description = "Changed", body = WebhookView)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ChangeWebhook>,
) -> Result<Answer<WebhookView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        changed(app, &caller, &id, &headers, &body).map(Answer)
    })
    .await
}

/// Changes a webhook, as far as it is what `If-Match` of the headers says.
pub(crate) fn changed(
    app: &App,
    caller: &Caller,
    id: &str,
    headers: &HeaderMap,
    body: &ChangeWebhook,
) -> Result<WebhookView, Problem> {
    let _turn = app.turn_to_edit()?;
    let webhook = addressed(app, caller, id)?;
    wire::check_if_match(headers, &WebhookView::new(&webhook, None))?;
    let by = caller.account()?.username.as_str();
    let pause = |paused: bool| {
        paused.then(|| Pause {
            at: now(),
            by: Some(by.to_owned()),
            reason: format!("paused by {by}"),
        })
    };
    let change = WebhookChange {
        name: body.name.as_deref().map(super::name).transpose()?,
        url: body.url.as_deref().map(|url| super::url(app, url)).transpose()?,
        events: body.events.as_deref().map(super::events).transpose()?,
        suites: body
            .suites
            .as_ref()
            .map(|suites| super::suites(app, suites.as_deref()))
            .transpose()?,
        // One that is paused already keeps its reason.
        paused: body
            .paused
            .filter(|paused| *paused != webhook.paused.is_some())
            .map(pause),
    };
    let detail = json!({
        "name": change.name,
        "host": change.url.as_deref().and_then(super::host),
        "events": body.events,
        "suites": change.suites.as_ref().map(wire::recorded_suites),
        "paused": body.paused,
    });
    let event = caller.event("webhook.change", webhook.id.to_string(), detail);
    let changed = app
        .archive
        .webhooks()
        .change_webhook(&webhook.id, &change, &event)?;
    Ok(WebhookView::new(&changed.ok_or_else(missing)?, None))
}
