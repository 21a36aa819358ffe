//! Webhooks: for administrators, since a webhook is told of all suites and has the server send requests.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod deliveries;
pub(super) mod edit;
pub(super) mod list;
pub(super) mod ping;
pub(super) mod redelivery;
pub(super) mod rotation;
pub(super) mod show;
pub(super) mod view;

use archive_catalog::accounts::{Id, Suites};
use archive_catalog::webhooks::{EventKind, Webhook};

use crate::app::App;
use crate::caller::Caller;
use crate::given_name::given_name;
use crate::outbound::checked_url;
use crate::problem::{Code, Problem};
use crate::routes::wire;

/// Returns the webhook that an address means, for an administrator.
pub(crate) fn addressed(app: &App, caller: &Caller, id: &str) -> Result<Webhook, Problem> {
    caller.admin()?;
    let id: Id = id.parse().map_err(|_| missing())?;
    app.archive.webhooks().webhook(&id)?.ok_or_else(missing)
}

/// Says that there is no such webhook.
fn missing() -> Problem {
    Problem::new(Code::WebhookNotFound, "there is no webhook with this ID")
}

fn name(text: &str) -> Result<String, Problem> {
    given_name(text, 100).map_err(|why| Problem::new(Code::InvalidRequest, why))
}

fn url(app: &App, text: &str) -> Result<String, Problem> {
    checked_url(text, &app.settings.webhooks.reach)
        .map(|url| url.to_string())
        .map_err(|why| Problem::new(Code::InvalidWebhookUrl, why))
}

/// Reads names of events: at least one, each once, in an order of their own.
fn events(names: &[String]) -> Result<Vec<EventKind>, Problem> {
    let asked = names.iter().map(|name| wire::value::<EventKind>(name));
    let asked: Vec<EventKind> = asked.collect::<Result<_, _>>()?;
    let chosen: Vec<EventKind> = EventKind::CHOICES
        .into_iter()
        .filter(|kind| asked.contains(kind))
        .collect();
    // A ping is sent when it is asked for, and to whom it was asked for.
    if chosen.is_empty() || asked.contains(&EventKind::Ping) {
        let choices = EventKind::CHOICES.map(EventKind::as_str).join("`, `");
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("expected `events` among `{choices}`"),
        ));
    }
    Ok(chosen)
}

/// Reads names of suites; null is all of them.
fn suites(app: &App, names: Option<&[String]>) -> Result<Suites, Problem> {
    let Some(names) = names else {
        return Ok(Suites::All);
    };
    if names.is_empty() {
        return Err(Problem::new(
            Code::InvalidRequest,
            "expected `suites` with a name, or null for all of them",
        ));
    }
    wire::codenames(app, names).map(Suites::Only)
}

/// Returns the host of a URL: all of it that is recorded and logged, since its path and query may be secret.
fn host(url: &str) -> Option<String> {
    let url: reqwest::Url = url.parse().ok()?;
    url.host_str().map(str::to_owned)
}
