//! `/api/auth/sessions`: where the caller is signed in, and signing out there.

use std::sync::Arc;

use archive_catalog::accounts::{Id, SignIn};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use debian_control::release::format_iso;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::{AuthMethod, Caller};
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::wire::ListPage;

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    pub(crate) id: String,
    pub(crate) created_at: String,
    pub(crate) expires_at: String,
    /// Network address of who signed in.
    pub(crate) address: Option<String>,
    /// What the program that was used says of itself.
    pub(crate) agent: Option<String>,
    /// Whether it is the one of this request.
    pub(crate) is_current: bool,
}

/// Lists where the caller is signed in, newest first.
#[utoipa::path(get, path = "/api/auth/sessions", operation_id = "list_sessions", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The sessions", body = ListPage<SessionView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<ListPage<SessionView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_caller(app, &caller).map(Answer)
    })
    .await
}

/// Signs out everywhere: ends all sessions of the caller, on every server.
#[utoipa::path(delete, path = "/api/auth/sessions", operation_id = "end_sessions", tag = "auth", security(("bearer" = [])),
    responses((status = 204, description = "Signed out everywhere")))]
pub(crate) async fn end_all(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        sign_out_everywhere(app, &caller)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Ends one session of the caller.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", operation_id = "end_session", tag = "auth", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 204, description = "Ended")))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let account = caller.in_full()?;
        let sessions = app.archive.accounts().sessions(&account.id, now())?;
        let found = sessions.iter().find(|one| one.session.id.as_str() == id);
        let found = found
            .ok_or_else(|| Problem::new(Code::SessionNotFound, "the account has no session with this ID"))?;
        let event = caller.event("session.end", account.username.to_string(), json!({}));
        app.archive
            .accounts()
            .end_session(&found.session, found.expires_at, &event)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Returns the sign-ins of the caller.
pub(crate) fn of_caller(app: &App, caller: &Caller) -> Result<ListPage<SessionView>, Problem> {
    let account = caller.in_full()?;
    let current = match &caller.auth_method {
        AuthMethod::Session(verified) => Some(&verified.session.id),
        AuthMethod::Token(_) | AuthMethod::Nothing => None,
    };
    let sessions = app.archive.accounts().sessions(&account.id, now())?;
    Ok(ListPage {
        items: sessions
            .iter()
            .map(|sign_in| SessionView::new(sign_in, current))
            .collect(),
        next: None,
    })
}

/// Ends all sessions of the caller.
pub(crate) fn sign_out_everywhere(app: &App, caller: &Caller) -> Result<(), Problem> {
    let account = caller.in_full()?;
    let event = caller.event("sessions.end", account.username.to_string(), json!({}));
    Ok(app.archive.accounts().end_sessions(&account.id, &event)?)
}

impl SessionView {
    fn new(sign_in: &SignIn, current: Option<&Id>) -> Self {
        Self {
            id: sign_in.session.id.to_string(),
            created_at: format_iso(sign_in.created_at),
            expires_at: format_iso(sign_in.expires_at),
            address: sign_in.address.clone(),
            agent: sign_in.agent.clone(),
            is_current: current == Some(&sign_in.session.id),
        }
    }
}
