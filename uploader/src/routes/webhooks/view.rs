//! A webhook and its deliveries as clients see them.

use archive_catalog::accounts::Suites;
use archive_catalog::webhooks::{Delivery, DeliveryState, EventKind, Webhook};
use debian_control::name::SuiteName;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::wire::Tagged;

/// A webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    /// Of `package.uploaded`, `package.removed`, `suite.published` and `key.expiring`.
    pub(crate) events: Vec<&'static str>,
    /// Codenames; null means all suites, private ones too.
    pub(crate) suites: Option<Vec<String>>,
    /// Whether nothing is sent to it.
    pub(crate) paused: bool,
    pub(crate) paused_at: Option<String>,
    pub(crate) paused_reason: Option<String>,
    /// Since when every delivery has failed; null: the newest one arrived.
    pub(crate) failing_since: Option<String>,
    /// Until when the secret before the present one signs, too.
    pub(crate) old_secret_until: Option<String>,
    pub(crate) created_at: String,
    pub(crate) created_by: Option<String>,
    /// What signs its deliveries. Returned only once, when the webhook is created or gets another secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

impl Tagged for WebhookView {
    fn edited_part(&self) -> Option<Self> {
        Some(Self {
            failing_since: None,
            ..self.clone()
        })
    }
}

impl WebhookView {
    pub(crate) fn new(webhook: &Webhook, secret: Option<String>) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            suites: match &webhook.suites {
                Suites::All => None,
                Suites::Only(suites) => Some(suites.iter().map(SuiteName::to_string).collect()),
            },
            paused: webhook.paused.is_some(),
            paused_at: webhook.paused.as_ref().map(|pause| format_iso(pause.at)),
            paused_reason: webhook.paused.as_ref().map(|pause| pause.reason.clone()),
            failing_since: webhook.failing_since.map(format_iso),
            old_secret_until: webhook.old_secret_until.map(format_iso),
            created_at: format_iso(webhook.created_at),
            created_by: webhook.created_by.clone(),
            secret,
        }
    }
}

/// An event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    pub(crate) id: String,
    /// What the receiver knows the event by: the header `webhook-id`. The same each time that it is sent.
    pub(crate) message: String,
    /// What the event is about, or `ping`.
    pub(crate) event: &'static str,
    /// When it happened.
    pub(crate) event_at: String,
    /// `waiting`, `delivered` or `given_up`.
    pub(crate) state: &'static str,
    pub(crate) attempts: u64,
    pub(crate) attempted_at: Option<String>,
    /// When it is tried next; null: not any more.
    pub(crate) next_attempt_at: Option<String>,
    pub(crate) finished_at: Option<String>,
    /// The status that the receiver answered the newest attempt with; null: it did not answer.
    pub(crate) response_status: Option<u64>,
    /// Why the newest attempt failed.
    pub(crate) error: Option<String>,
    /// The body that is sent; only where one delivery is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

impl DeliveryView {
    pub(crate) fn new(delivery: &Delivery, body: Option<String>) -> Self {
        let (state, next, finished) = match delivery.state {
            DeliveryState::Waiting(at) => ("waiting", Some(at), None),
            DeliveryState::Delivered(at) => ("delivered", None, Some(at)),
            DeliveryState::GivenUp(at) => ("given_up", None, Some(at)),
        };
        Self {
            id: delivery.id.to_string(),
            message: delivery.message.clone(),
            event: delivery.kind.as_str(),
            event_at: format_iso(delivery.event_at),
            state,
            attempts: delivery.attempts,
            attempted_at: delivery.attempted_at.map(format_iso),
            next_attempt_at: next.map(format_iso),
            finished_at: finished.map(format_iso),
            response_status: delivery.response_status,
            error: delivery.error.clone(),
            body,
        }
    }
}

/// Returns the events that a webhook chooses from, for forms.
pub(crate) fn choices() -> [&'static str; 4] {
    EventKind::CHOICES.map(EventKind::as_str)
}
