//! `/console/webhooks`: receivers of events, and what was sent to them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::confirmation::Confirmation;
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, address, recent_sign_in};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::webhooks::create::{WebhookRequest, created};
use crate::routes::webhooks::edit::{ChangeWebhook, changed};
use crate::routes::webhooks::view::{DeliveryView, WebhookView, choices};
use crate::routes::webhooks::{addressed, delete, deliveries, list, ping, redelivery, rotation};
use crate::routes::wire::{PageParams, Tagged as _};

/// An event that a form offers.
struct EventChoice {
    name: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "console/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    webhooks: Vec<WebhookView>,
    choices: Vec<EventChoice>,
}

pub(super) async fn all(State(app): State<Arc<App>>, visitor: Visitor, Asked(done): Asked<Done>) -> Answered {
    let frame = Frame::new(&visitor, "Webhooks", done.done.as_deref());
    let found = app
        .blocking(move |app| list::listed(app, &visitor.caller))
        .await?;
    page(&WebhooksPage {
        frame,
        webhooks: found.items,
        choices: offered(&[]),
    })
}

/// Creates a webhook, and shows its secret.
pub(super) async fn create(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let body = WebhookRequest {
        name: fields.text("name"),
        url: fields.text("url"),
        events: fields.all("events"),
        suites: suites(&fields),
    };
    let caller = visitor.caller.clone();
    let webhook = app.changing(move |app| created(app, &caller, &body)).await?;
    shown(
        &app,
        visitor,
        webhook.id,
        &WebhookParams::default(),
        webhook.secret,
    )
    .await
}

/// Which part of a webhook's deliveries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WebhookParams {
    cursor: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/webhook.html")]
struct WebhookPage {
    frame: Frame,
    webhook: WebhookView,
    suites: String,
    choices: Vec<EventChoice>,
    deliveries: Vec<DeliveryView>,
    next: Option<String>,
    /// Made just now.
    secret: Option<String>,
    confirmation: Confirmation,
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Asked(params): Asked<WebhookParams>,
) -> Answered {
    shown(&app, visitor, id, &params, None).await
}

async fn shown(
    app: &Arc<App>,
    visitor: Visitor,
    id: String,
    params: &WebhookParams,
    secret: Option<String>,
) -> Answered {
    let done = params.done.clone();
    let asked = PageParams {
        limit: None,
        cursor: params.cursor.clone(),
    };
    let shown = app
        .blocking(move |app| {
            let webhook = WebhookView::new(&addressed(app, &visitor.caller, &id)?, None);
            let found = deliveries::listed(app, &visitor.caller, &id, &asked)?;
            let older = |cursor: &str| address(&format!("/console/webhooks/{id}"), &[("cursor", cursor)]);
            Ok(WebhookPage {
                frame: Frame::new(&visitor, webhook.name.clone(), done.as_deref()),
                suites: listed_suites(&webhook),
                choices: offered(&webhook.events),
                next: found.next.as_deref().map(older),
                deliveries: found.items,
                confirmation: Confirmation::of(app, &visitor, &format!("/console/webhooks/{id}"))?,
                webhook,
                secret,
            })
        })
        .await?;
    page(&shown)
}

/// Does with a webhook what the button says that was pressed.
pub(super) async fn change(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let caller = visitor.caller.clone();
    let done = match fields.given("action") {
        Some("rotate") => {
            let asked = id.clone();
            let webhook = app
                .changing(move |app| rotation::rotated(app, &caller, &asked))
                .await?;
            return shown(&app, visitor, id, &WebhookParams::default(), webhook.secret).await;
        }
        Some("delete") => {
            if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
                return Ok(question);
            }
            app.changing(move |app| delete::deleted(app, &caller, &id, &HeaderMap::new()))
                .await?;
            return Ok(see("/console/webhooks?done=deleted"));
        }
        Some("ping") => {
            let asked = id.clone();
            app.changing(move |app| ping::pinged(app, &caller, &asked))
                .await?;
            "sent"
        }
        _ => {
            let asked = id.clone();
            app.changing(move |app| edited(app, &caller, &asked, &fields))
                .await
                .map_err(super::not_as_shown)?
        }
    };
    let shown = format!("/console/webhooks/{id}");
    Ok(see(&address(&shown, &[("done", done)])))
}

/// Sends a delivery again.
pub(super) async fn redeliver(
    State(app): State<Arc<App>>,
    Path((id, delivery)): Path<(String, String)>,
    posted: Posted,
) -> Answered {
    let caller = posted.visitor.caller;
    let asked = id.clone();
    app.changing(move |app| redelivery::redelivered(app, &caller, &asked, &delivery))
        .await?;
    Ok(see(&address(
        &format!("/console/webhooks/{id}"),
        &[("done", "sent")],
    )))
}

/// Edits a webhook as the button says that was pressed; returns how that is told of.
fn edited(app: &App, caller: &Caller, id: &str, fields: &Fields) -> Result<&'static str, Problem> {
    let pause = |paused| {
        let body = ChangeWebhook {
            paused: Some(paused),
            ..ChangeWebhook::default()
        };
        changed(app, caller, id, &HeaderMap::new(), &body)
    };
    match fields.given("action") {
        Some("save") => {
            let webhook = WebhookView::new(&addressed(app, caller, id)?, None);
            changed(app, caller, id, &fields.as_shown()?, &change_of(fields, &webhook))?;
            Ok("saved")
        }
        Some("pause") => pause(true).map(|_| "paused"),
        Some("resume") => pause(false).map(|_| "resumed"),
        _ => Err(super::unknown_action()),
    }
}

/// Returns what a form changes of a webhook that it showed.
fn change_of(fields: &Fields, webhook: &WebhookView) -> ChangeWebhook {
    let mut events = webhook.events.clone();
    events.sort_unstable();
    let mut chosen = fields.all("events");
    chosen.sort_unstable();
    ChangeWebhook {
        name: fields.changed("name", &webhook.name),
        url: fields.changed("url", &webhook.url),
        events: (chosen != events).then_some(chosen),
        suites: fields
            .changed("suites", &listed_suites(webhook))
            .map(|_| suites(fields)),
        paused: None,
    }
}

/// Returns the suites of a webhook as the field of a form has them.
fn listed_suites(webhook: &WebhookView) -> String {
    webhook.suites.as_deref().unwrap_or_default().join(" ")
}

/// Returns the events that a form offers, and which of them were chosen.
fn offered(chosen: &[&str]) -> Vec<EventChoice> {
    let choices = choices().into_iter();
    choices
        .map(|name| EventChoice {
            name,
            chosen: chosen.contains(&name),
        })
        .collect()
}

/// Returns the suites of a form; none where it names none, which means all.
fn suites(fields: &Fields) -> Option<Vec<String>> {
    Some(fields.words("suites")).filter(|suites| !suites.is_empty())
}
