//! The console: pages for whoever keeps the archive. Everything that they do is a route of the API, too; the handlers call its functions.
//!
//! Pages are complete without a script where they only show something. A change is a form with a token of the session, answered with a
//! page to go to; what cannot be undone asks for the password again: deletions and rollbacks always, the rest where the sign-in is older than five
//! minutes.

mod account;
mod answer;
mod asked;
mod assets;
mod audit;
mod chart;
mod confirmation;
mod cookies;
mod deletion;
mod error;
mod fields;
mod frame;
mod health;
mod keys;
mod overview;
mod package;
mod packages;
mod promotion;
mod provider;
mod publishers;
mod recent_sign_in;
mod retention;
mod sign_in;
mod suites;
mod tokens;
mod upload;
mod uploads;
mod users;
mod visitor;
mod webhooks;
mod vulnerabilities;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde::Deserialize;

use self::answer::{Answered, see};
use self::fields::Fields;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};
use crate::routes::quota::{LARGEST, QuotaRequest};

/// What was done just before a page is shown.
#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

/// Returns the pages.
pub(super) fn router() -> Router<Arc<App>> {
    of_keepers()
        .merge(of_packages())
        .route("/console", get(overview::show))
        .route("/console/", get(async || see("/console")))
        .route("/console/{*nothing}", get(nothing))
        .route("/console/assets/{file}", get(assets::asset))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/console/sign-in/provider", get(provider::start))
        .route("/console/sign-in/answer", get(provider::answer))
        .route("/console/confirm", get(provider::prove))
        .route("/console/sign-out", post(sign_in::leave))
        .route("/console/audit", get(audit::show))
        .route("/console/audit/export", get(audit::download))
        .route("/console/vulnerabilities", get(vulnerabilities::show))
        .route("/console/retention", get(retention::show))
        .route("/console/keys", get(keys::show))
        .route("/console/health", get(health::show))
        .route("/console/account", get(account::show))
        .route("/console/account/password", post(account::password))
        .route("/console/account/sessions", post(account::sessions))
        .route("/console/account/identities", post(provider::link))
        .route("/console/account/identities/{id}", post(provider::unlink))
}

/// Says that there is no such page.
async fn nothing() -> Answered {
    Err(Problem::new(Code::NotFound, "the console has no such page").into())
}

/// Returns those about packages and suites.
fn of_packages() -> Router<Arc<App>> {
    Router::new()
        .route("/console/packages", get(packages::show))
        .route("/console/packages/deletion", post(deletion::delete))
        .route("/console/packages/{id}", get(package::show).post(package::change))
        .route("/console/packages/{id}/yank", post(package::yank))
        .route(
            "/console/upload",
            get(upload::show)
                .post(upload::send)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/console/uploads", post(uploads::begin))
        .route(
            "/console/uploads/{id}",
            get(uploads::show)
                .patch(uploads::append)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/console/suites", get(suites::all))
        .route("/console/suites/{suite}", get(suites::one))
        .route("/console/suites/{suite}/snapshots", post(suites::pin))
        .route("/console/suites/{suite}/yanked", post(suites::restore))
        .route("/console/suites/{suite}/quota", post(suites::limit))
        .route("/console/suites/{suite}/differences", get(suites::differences))
        .route(
            "/console/suites/{suite}/rollback",
            get(suites::preview).post(suites::rollback),
        )
        .route(
            "/console/promotion",
            get(promotion::show).post(promotion::promote),
        )
}

/// Returns those about who may do what, and who is told.
fn of_keepers() -> Router<Arc<App>> {
    Router::new()
        .route("/console/users", get(users::all).post(users::create))
        .route("/console/users/{id}", get(users::one).post(users::change))
        .route("/console/users/{id}/quota", post(users::limit))
        .route(
            "/console/publishers",
            get(publishers::show).post(publishers::create),
        )
        .route("/console/publishers/{id}", post(publishers::end))
        .route("/console/tokens", get(tokens::show).post(tokens::create))
        .route("/console/tokens/{id}", post(tokens::change))
        .route("/console/webhooks", get(webhooks::all).post(webhooks::create))
        .route(
            "/console/webhooks/{id}",
            get(webhooks::one).post(webhooks::change),
        )
        .route(
            "/console/webhooks/{id}/deliveries/{delivery}",
            post(webhooks::redeliver),
        )
}

/// Says that a form was sent by a button that the page does not have.
fn unknown_action() -> Problem {
    Problem::new(
        Code::InvalidRequest,
        "the form has a button that this version does not know: load the page again",
    )
}

/// Says in the console's words that something was changed since its page was loaded.
fn not_as_shown(problem: Problem) -> Problem {
    match problem.code {
        Code::PreconditionFailed => Problem::new(
            Code::PreconditionFailed,
            "it was changed since this page was loaded, and nothing was saved: load the page again, and look at what it is now",
        ),
        _ => problem,
    }
}

/// Reads a quota from a form; a field that was left empty stands for no limit.
fn quota(fields: &Fields) -> Result<QuotaRequest, Problem> {
    let number = |name: &str, what: &str| {
        let number = |text: String| {
            text.parse::<u64>().map_err(|_| {
                Problem::new(
                    Code::InvalidRequest,
                    format!(
                        "{what}: `{}` is no number: expected digits alone, at most {LARGEST}, or nothing for no limit",
                        text.chars().take(40).flat_map(char::escape_debug).collect::<String>(),
                    ),
                )
            })
        };
        fields.filled(name).map(number).transpose()
    };
    Ok(QuotaRequest {
        max_bytes: number("max_bytes", "bytes")?,
        max_packages: number("max_packages", "packages")?,
    })
}

/// Returns the suites that somebody maintains, by codename.
fn maintained(app: &App, caller: &Caller) -> Vec<String> {
    let suites = app.archive.config().suites.iter();
    suites
        .filter(|suite| caller.sees(suite) && caller.uploads(suite, None).is_ok())
        .map(|suite| suite.codename.to_string())
        .collect()
}

/// Returns the suites with a gate, by codename, into which somebody may have a package with known vulnerabilities taken all the same.
fn gated(app: &App, caller: &Caller) -> Vec<String> {
    let config = app.archive.config();
    let Some(settings) = config.vulnerabilities.as_ref().filter(|_| caller.admin().is_ok()) else {
        return Vec::new();
    };
    let suites = config.suites.iter();
    suites
        .filter(|suite| settings.blocked_from(suite).is_some())
        .map(|suite| suite.codename.to_string())
        .collect()
}

/// Returns an address with a query.
fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{path}?{}", query(pairs))
}

/// Writes a query, without what is empty.
fn query(pairs: &[(&str, &str)]) -> String {
    let filled: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .copied()
        .collect();
    serde_urlencoded::to_string(filled).expect("pairs of texts are a query")
}
