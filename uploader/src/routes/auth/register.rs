//! `POST /api/auth/register`.

use std::sync::Arc;

use archive_catalog::accounts::{Account, Role, Suites};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::extract::Json;
use crate::problem::{Code, Problem};
use crate::routes::auth::sign_in::check_passwords_are_taken;
use crate::routes::users::new_account::create_account;
use crate::routes::wire::{self, UserView};
use crate::secrets;
use crate::settings::Registration;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice", "email": "alice@example.org", "password": "correct horse battery"}))]
#[schema(as = Register)]
pub(crate) struct RegisterRequest {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// Creates an account with the role `user`.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "auth", request_body = RegisterRequest,
    responses((status = 201, description = "Created", body = UserView)))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<RegisterRequest>,
) -> Result<Response, Problem> {
    if app.settings.registration == Registration::Closed {
        return Err(Problem::new(
            Code::RegistrationClosed,
            "ask an administrator for an account",
        ));
    }
    app.limits
        .sign_in(presented.origin.address, &body.username)?
        .unless(false)?;
    app.blocking(check_passwords_are_taken).await?;
    let account = Account {
        id: secrets::new_id(),
        username: wire::value(&body.username)?,
        email: Some(wire::value(&body.email)?),
        role: Role::User,
        suites: Suites::Only(Vec::new()),
        disabled: false,
        epoch: 0,
        created_at: now(),
    };
    let caller = Caller::anonymous(&PresentedCredential {
        credential: ParsedCredential::None,
        ..presented
    });
    let user = create_account(&app, account, Some(body.password), caller).await?;
    Ok((StatusCode::CREATED, Answer(user)).into_response())
}
