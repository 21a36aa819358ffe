//! `POST /api/webhooks`.

use std::sync::Arc;

use archive_catalog::webhooks::Webhook;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::view::WebhookView;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::wire;
use crate::{secrets, webhooks};

/// How many webhooks there may be.
const MAX_WEBHOOKS: u64 = 100;

/// A webhook to create.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewWebhook, example = json!({"name": "chat", "url": "https://hooks.example.org/archive", "events": ["suite.published"], "suites": ["bookworm"]}))]
pub(crate) struct WebhookRequest {
    /// A name that helps people recognize it.
    pub(crate) name: String,
    /// Where deliveries are sent: https, at a public address.
    pub(crate) url: String,
    /// Of `package.uploaded`, `package.removed`, `suite.published` and `key.expiring`.
    pub(crate) events: Vec<String>,
    /// Only events of these suites, and those of no suite. Omitted or null: all, private suites too.
    pub(crate) suites: Option<Vec<String>>,
}

/// Creates a webhook. Its secret is returned only once, in this answer.
#[utoipa::path(post, path = "/api/webhooks", operation_id = "create_webhook", tag = "webhooks", request_body = WebhookRequest, security(("bearer" = [])),
    responses((status = 201, description = "Created", body = WebhookView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<WebhookRequest>,
) -> Result<Response, Problem> {
    let view = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            created(app, &caller, &body)
        })
        .await?;
    let location = format!("/api/webhooks/{}", view.id);
    let headers = [("cache-control", "no-store".to_owned()), ("location", location)];
    Ok((StatusCode::CREATED, headers, Answer(view)).into_response())
}

/// Creates a webhook, for an administrator.
pub(crate) fn created(app: &App, caller: &Caller, body: &WebhookRequest) -> Result<WebhookView, Problem> {
    let account = caller.admin()?;
    let webhook = Webhook {
        id: secrets::new_id(),
        name: super::name(&body.name)?,
        url: super::url(app, &body.url)?,
        events: super::events(&body.events)?,
        suites: super::suites(app, body.suites.as_deref())?,
        old_secret_until: None,
        paused: None,
        failing_since: None,
        created_at: now(),
        created_by: Some(account.username.to_string()),
    };
    let secret = webhooks::new_secret();
    let view = WebhookView::new(&webhook, Some(secret.clone()));
    let detail = json!({ "name": webhook.name, "host": super::host(&webhook.url), "events": view.events, "suites": wire::recorded_suites(&webhook.suites) });
    let event = caller.event("webhook.create", webhook.id.to_string(), detail);
    let catalog = app.archive.webhooks();
    if !catalog.create_webhook(&webhook, &secret, MAX_WEBHOOKS, &event)? {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("there are {MAX_WEBHOOKS} webhooks already: delete some first"),
        ));
    }
    Ok(view)
}
