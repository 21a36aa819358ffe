//! `POST /api/auth/login`.

use std::sync::Arc;

use archive_catalog::accounts::Username;
use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::origin::Requester;
use crate::problem::{Code, Problem};
use crate::routes::wire::UserView;

/// User name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice", "password": "correct horse battery"}))]
#[schema(as = Login)]
pub(crate) struct LoginRequest {
    username: String,
    password: String,
}

/// The result of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(crate) struct LoginAnswer {
    token: String,
    token_type: &'static str,
    /// Seconds until the token expires.
    expires_in: i64,
    user: UserView,
}

/// Signs in with user name and password, and returns an access token.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "log_in", tag = "auth", request_body = LoginRequest,
    responses((status = 200, description = "Signed in", body = LoginAnswer)))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<LoginRequest>,
) -> Result<Response, Problem> {
    presented
        .origin
        .set_requester(Requester::Claimed(body.username.chars().take(64).collect()));
    app.limits.sign_in(presented.origin.address, &body.username)?;
    let name = body.username.parse::<Username>().ok();
    let found = app
        .blocking(move |app| match name {
            Some(name) => Ok(app.archive.accounts().account_named(&name)?),
            None => Ok(None),
        })
        .await?;
    let (account, kept) = found.map_or((None, None), |(account, kept)| (Some(account), kept));
    let fits = app.passwords.fits(body.password, kept).await?;
    let Some(account) = account.filter(|account| fits && !account.disabled) else {
        return Err(Problem::new(
            Code::InvalidCredentials,
            "no account has this name and password",
        ));
    };
    let name = account.username.to_string();
    let caller = Caller::anonymous(&presented);
    app.changing(move |app| {
        Ok(app
            .archive
            .audit()
            .record(&caller.event("login", name, json!({})))?)
    })
    .await?;
    app.limits
        .signed_in(presented.origin.address, account.username.as_str());
    let token = app
        .sessions
        .give(&account, now())
        .map_err(|error| Problem::internal(&error))?;
    let answer = LoginAnswer {
        token,
        token_type: "Bearer",
        expires_in: app.sessions.ttl(),
        user: UserView::new(&account),
    };
    Ok(([("cache-control", "no-store")], Answer(answer)).into_response())
}
