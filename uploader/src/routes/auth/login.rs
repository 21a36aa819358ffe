//! `POST /api/auth/login`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::problem::Problem;
use crate::routes::auth::sign_in::{Attempt, sign_in};
use crate::routes::wire::UserView;
use crate::session::SessionUse;

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
    headers: HeaderMap,
    Json(body): Json<LoginRequest>,
) -> Result<Response, Problem> {
    let attempt = Attempt {
        presented: &presented,
        headers: &headers,
        username: body.username,
        password: body.password,
        session_use: SessionUse::Api,
    };
    let (account, given) = sign_in(&app, attempt).await?;
    let answer = LoginAnswer {
        token: given.token,
        token_type: "Bearer",
        expires_in: app.sessions.ttl(SessionUse::Api),
        user: UserView::new(&account),
    };
    Ok(([("cache-control", "no-store")], Answer(answer)).into_response())
}
