//! `POST /api/users`.

use std::sync::Arc;

use archive_catalog::accounts::{Account, Role};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Json;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::users::new_account::create_account;
use crate::routes::wire::{self, UserView};
use crate::secrets;

/// An account to create.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "bob", "email": "bob@example.org", "password": "correct horse battery", "role": "maintainer", "suites": ["bookworm"]}))]
#[schema(as = NewUser)]
pub(crate) struct UserRequest {
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    /// Default: none. The account then uses tokens, or an identity of the sign-in provider.
    pub(crate) password: Option<String>,
    /// `admin`, `maintainer` or `user`. Default: `user`.
    pub(crate) role: Option<String>,
    /// Codenames or aliases. Default: all suites for a maintainer, none for a user.
    pub(crate) suites: Option<Vec<String>>,
}

/// Creates an account.
#[utoipa::path(post, path = "/api/users", operation_id = "create_user", tag = "users", request_body = UserRequest, security(("bearer" = [])),
    responses((status = 201, description = "Created", body = UserView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<UserRequest>,
) -> Result<Response, Problem> {
    let caller = app.blocking(move |app| identify(app, &presented)).await?;
    let user = created(&app, caller, body).await?;
    let location = format!("/api/users/{}", user.id);
    Ok((StatusCode::CREATED, [("location", location)], Answer(user)).into_response())
}

/// Creates an account, by an administrator.
pub(crate) async fn created(app: &Arc<App>, caller: Caller, body: UserRequest) -> Result<UserView, Problem> {
    caller.admin()?;
    let role = body.role.as_deref().map_or(Ok(Role::User), wire::role)?;
    let account = Account {
        id: secrets::new_id(),
        username: wire::value(&body.username)?,
        email: body.email.as_deref().map(wire::value).transpose()?,
        role,
        suites: wire::suites(app, role, body.suites.as_deref())?,
        disabled: false,
        epoch: 0,
        created_at: now(),
    };
    create_account(app, account, body.password, caller).await
}
