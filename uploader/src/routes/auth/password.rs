//! `PUT /api/auth/password`: one's own password, with the one that it takes the place of.

use std::sync::Arc;

use archive_catalog::accounts::AccountChange;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::identify::identify;
use crate::origin::RequestOrigin;
use crate::password;
use crate::problem::Problem;
use crate::routes::auth::sign_in::confirm;

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPassword, example = json!({"current_password": "correct horse battery", "new_password": "battery staple horse"}))]
pub(crate) struct PasswordRequest {
    pub(crate) current_password: String,
    pub(crate) new_password: String,
}

/// Changes the caller's own password, and ends all of their sessions.
#[utoipa::path(put, path = "/api/auth/password", operation_id = "change_password", tag = "auth", request_body = PasswordRequest,
    security(("bearer" = [])), responses((status = 204, description = "Changed")))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<PasswordRequest>,
) -> Result<StatusCode, Problem> {
    let origin = presented.origin.clone();
    let caller = app.blocking(move |app| identify(app, &presented)).await?;
    replace(&app, &origin, caller, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a new password in the place of the one that is given too.
pub(crate) async fn replace(
    app: &Arc<App>,
    origin: &RequestOrigin,
    caller: Caller,
    body: PasswordRequest,
) -> Result<(), Problem> {
    let account = caller.in_full()?.clone();
    password::check(&body.new_password)?;
    confirm(app, origin, &account, body.current_password).await?;
    let change = AccountChange {
        password: Some(app.passwords.hash(body.new_password).await?),
        ..AccountChange::default()
    };
    app.changing(move |app| {
        // Hashing took its time: what counts is the account as it is now.
        let caller = caller.again(&app.archive)?;
        let account = caller.in_full()?;
        let event = caller.event(
            "user.change",
            account.username.to_string(),
            json!({"password": true}),
        );
        app.archive
            .accounts()
            .change_account(&account.id, &change, &event)?;
        Ok(())
    })
    .await
}
