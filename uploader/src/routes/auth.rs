//! Signing in and out.

use std::sync::Arc;

use archive_catalog::accounts::{Account, NewAccount, Role, Suites, Username};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::wire::{self, UserView};
use crate::app::App;
use crate::caller::{AuthMethod, Caller, Grants};
use crate::clock::now;
use crate::credential::{Credential, PresentedCredential};
use crate::extract::Json;
use crate::extract::PresentedBasic;
use crate::identify::{identify, identify_basic};
use crate::origin::Requester;
use crate::password;
use crate::problem::{Code, Problem};
use crate::secrets;
use crate::settings::Registration;
use crate::static_files::StaticPath;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice", "email": "alice@example.org", "password": "correct horse battery"}))]
pub(crate) struct Register {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// Makes an account with the role `user`.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "auth", request_body = Register,
    responses((status = 201, description = "Created", body = UserView)))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<Register>,
) -> Result<Response, Problem> {
    if app.settings.registration == Registration::Closed {
        return Err(Problem::new(
            Code::RegistrationClosed,
            "ask an administrator for an account",
        ));
    }
    app.limits.sign_in(presented.origin.address, &body.username)?;
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
        credential: Credential::None,
        ..presented
    });
    let user = make(&app, account, Some(body.password), caller).await?;
    Ok((StatusCode::CREATED, Answer(user)).into_response())
}

/// Makes an account, for itself or by an administrator.
pub(super) async fn make(
    app: &Arc<App>,
    account: Account,
    password: Option<String>,
    caller: Caller,
) -> Result<UserView, Problem> {
    let password = match password {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    app.changing(move |app| {
        // The password took its time: rights count now.
        let caller = caller.again(&app.archive)?;
        if caller.account().is_ok() {
            caller.admin()?;
        }
        let detail = json!({ "role": account.role.as_str() });
        let event = caller.event("user.create", account.username.to_string(), detail);
        let view = UserView::new(&account);
        app.archive
            .accounts()
            .create_account(&NewAccount { account, password }, &event)?;
        Ok(view)
    })
    .await
}

/// Somebody's name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice", "password": "correct horse battery"}))]
pub(crate) struct Login {
    username: String,
    password: String,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    user: UserView,
}

/// Signs in: gives an access token for a name and its password.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "log_in", tag = "auth", request_body = Login,
    responses((status = 200, description = "Signed in", body = LoggedIn)))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<Login>,
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
    let answer = LoggedIn {
        token,
        token_type: "Bearer",
        expires_in: app.sessions.ttl(),
        user: UserView::new(&account),
    };
    Ok(([("cache-control", "no-store")], Answer(answer)).into_response())
}

/// Signs out: the token is dead at once, everywhere.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "log_out", tag = "auth", security(("bearer" = [])),
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
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
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    user: UserView,
    /// What the token is good for; null: everything that the user may.
    scopes: Option<Vec<String>>,
}

/// Says who is signed in.
#[utoipa::path(get, path = "/api/auth/me", operation_id = "show_current_user", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The user", body = Me)))]
pub(crate) async fn me(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<Me>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        Ok(Answer(Me {
            user: UserView::new(caller.account()?),
            scopes: match caller.grants() {
                Grants::All => None,
                Grants::Scopes(scopes) => Some(scopes.iter().map(ToString::to_string).collect()),
            },
        }))
    })
    .await
}

/// Says whether a static file may be read: for nginx's `auth_request`, with the address in `X-Original-URI`.
#[utoipa::path(get, path = "/api/auth/check", operation_id = "check_access", tag = "auth", security((), ("basic" = []), ("bearer" = [])),
    params(("X-Original-URI" = Option<String>, Header, description = "The address that is asked for")),
    responses((status = 204, description = "The file may be read")))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let address = headers
        .get("x-original-uri")
        .and_then(|address| address.to_str().ok());
    let address = address.unwrap_or_default();
    // What cannot be read as an address of the tree may be a private one for a web server that reads it otherwise, as
    // `//private/...` is: it is nobody's.
    let private = match StaticPath::parse(address) {
        Some(path) => path.private,
        None => Some(String::new()),
    };
    let Some(suite) = private else {
        return Ok(StatusCode::NO_CONTENT);
    };
    app.blocking(move |app| {
        may_read(app, &presented, &suite)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Checks that somebody may read a private suite. A missing one is refused in the same words.
pub(crate) fn may_read(app: &App, presented: &PresentedCredential, codename: &str) -> Result<(), Problem> {
    let caller = identify_basic(app, presented)?;
    caller.account().map_err(Problem::with_basic_challenge)?;
    let suite = app.archive.config().suite(codename);
    let own =
        suite.filter(|suite| suite.private && suite.codename.as_str() == codename && caller.reads(suite));
    own.map(|_| ()).ok_or_else(|| {
        Problem::new(
            Code::Forbidden,
            "it is not there, or not for this account to read",
        )
    })
}

/// Checks that the password may be taken, before anything else is done.
pub(super) fn check_password(password: Option<&String>) -> Result<(), Problem> {
    password.map_or(Ok(()), |password| password::check(password))
}
