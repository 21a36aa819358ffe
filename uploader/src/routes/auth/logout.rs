//! `POST /api/auth/logout`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::caller::{AuthMethod, Caller};
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;

/// Signs out: revokes the token of the request at once, on every server.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "log_out", tag = "auth", security(("bearer" = [])),
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        sign_out(app, &caller)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Revokes the session or token by which the caller is signed in.
pub(crate) fn sign_out(app: &App, caller: &Caller) -> Result<(), Problem> {
    let account = caller.account()?;
    let event = caller.event("logout", account.username.to_string(), json!({}));
    let accounts = app.archive.accounts();
    match &caller.auth_method {
        AuthMethod::Session(verified) => {
            accounts.end_session(&verified.session, verified.expires_at, &event)?
        }
        AuthMethod::Token(token) => {
            accounts.delete_token(&account.id, token, &event)?;
        }
        AuthMethod::Nothing => {}
    }
    Ok(())
}
