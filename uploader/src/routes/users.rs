//! Accounts, for administrators, and one's own.

use std::sync::Arc;

use archive_catalog::accounts::{Account, AccountChange, Id, Role, Username};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use debian_archive::package_view::PackageView;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;

use super::tokens::{self, TokenView};
use super::wire::{self, Page, PageParams, UserView};
use super::{auth, packages};
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::secrets;

/// Lists accounts by name.
#[utoipa::path(get, path = "/api/users", operation_id = "list_users", tag = "users", params(PageParams), security(("bearer" = [])),
    responses((status = 200, description = "The accounts", body = Page<UserView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            identify(app, &presented)?.admin()?;
            let limit = wire::page_limit(page.limit)?;
            let after: Option<String> = wire::position(page.cursor.as_deref())?;
            let after: Option<Username> = wire::asked(after.as_ref())?;
            let mut accounts = app.archive.accounts().accounts(after.as_ref(), limit + 1)?;
            let more = accounts.len() > limit;
            accounts.truncate(limit);
            let last = accounts.last().filter(|_| more);
            Ok(Page {
                next: last
                    .map(|last| wire::cursor(&last.username.as_str()))
                    .transpose()?,
                items: accounts.iter().map(UserView::new).collect(),
            })
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "bob", "email": "bob@example.org", "password": "correct horse battery", "role": "maintainer", "suites": ["bookworm"]}))]
pub(crate) struct NewUser {
    username: String,
    email: Option<String>,
    password: String,
    /// `user` when left out.
    role: Option<String>,
    /// Codenames or aliases; left out: all for a maintainer, none for a user.
    suites: Option<Vec<String>>,
}

/// Makes an account.
#[utoipa::path(post, path = "/api/users", operation_id = "create_user", tag = "users", request_body = NewUser, security(("bearer" = [])),
    responses((status = 201, description = "Created", body = UserView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Json(body): Json<NewUser>,
) -> Result<Response, Problem> {
    let (caller, account) = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
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
            Ok((caller, (account, body.password)))
        })
        .await?;
    let (account, password) = account;
    let user = auth::make(&app, account, Some(password), caller).await?;
    let location = format!("/api/users/{}", user.id);
    Ok((StatusCode::CREATED, [("location", location)], Answer(user)).into_response())
}

/// Shows an account.
#[utoipa::path(get, path = "/api/users/{id}", operation_id = "show_user", tag = "users", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 200, description = "The account", body = UserView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            Ok(UserView::new(&meant(app, &caller, &id)?))
        })
        .await?;
    wire::revalidated(&headers, &user)
}

/// What is to be changed of an account. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"role": "maintainer", "suites": ["bookworm"]}))]
pub(crate) struct ChangeUser {
    email: Option<String>,
    /// Ends every session of the account.
    password: Option<String>,
    /// For administrators. Ends every session of the account.
    role: Option<String>,
    /// For administrators. Null: all.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Vec<String>>)]
    suites: Option<Option<Vec<String>>>,
    /// For administrators. True: its sessions end, and its tokens are good for nothing until this is false again.
    disabled: Option<bool>,
}

/// Tells a null from what was left out.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes an account.
#[utoipa::path(put, path = "/api/users/{id}", operation_id = "update_user", tag = "users", params(("id" = String, Path)), request_body = ChangeUser,
    security(("bearer" = [])), responses((status = 200, description = "Changed", body = UserView)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ChangeUser>,
) -> Result<Answer<UserView>, Problem> {
    let match_headers = headers.clone();
    let (caller, account, mut change, password) = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let account = meant(app, &caller, &id)?;
            wire::check_if_match(&headers, &UserView::new(&account))?;
            if body.role.is_some() || body.suites.is_some() || body.disabled.is_some() {
                caller.admin()?;
            }
            auth::check_password(body.password.as_ref())?;
            let role = body.role.as_deref().map(wire::role).transpose()?;
            // Another role has other suites: said, or those that such an account begins with.
            let suites = match (&body.suites, role) {
                (Some(suites), _) => Some(suites.as_deref()),
                (None, Some(role)) if role != account.role => Some(None),
                _ => None,
            };
            let suites = suites
                .map(|suites| wire::suites(app, role.unwrap_or(account.role), suites))
                .transpose()?;
            let change = AccountChange {
                email: body.email.as_deref().map(wire::value).transpose()?,
                password: None,
                role,
                suites,
                disabled: body.disabled,
            };
            Ok((caller, account, change, body.password))
        })
        .await?;
    if let Some(password) = password {
        change.password = Some(app.passwords.hash(password).await?);
    }
    app.changing(move |app| {
        let _turn = app.edits.lock();
        wire::check_if_match(
            &match_headers,
            &UserView::new(&meant(app, &caller, account.id.as_str())?),
        )?;
        let detail = json!({
            "email": change.email.is_some(),
            "password": change.password.is_some(),
            "role": change.role.map(Role::as_str),
            "suites": change.suites.is_some(),
            "disabled": change.disabled,
        });
        // The password took its time: rights count now.
        let caller = caller.again(&app.archive)?;
        meant(app, &caller, account.id.as_str())?;
        if change.role.is_some() || change.suites.is_some() || change.disabled.is_some() {
            caller.admin()?;
        }
        let event = caller.event("user.change", account.username.to_string(), detail);
        let changed = app
            .archive
            .accounts()
            .change_account(&account.id, &change, &event)?;
        Ok(Answer(UserView::new(&changed)))
    })
    .await
}

/// Deletes an account and its tokens. Its name stays taken.
#[utoipa::path(delete, path = "/api/users/{id}", operation_id = "delete_user", tag = "users", params(("id" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let _turn = app.edits.lock();
        let account = meant(app, &caller, &id)?;
        wire::check_if_match(&headers, &UserView::new(&account))?;
        let event = caller.event("user.delete", account.username.to_string(), json!({}));
        app.archive.accounts().delete_account(&account.id, &event)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Lists the packages that an account uploaded.
#[utoipa::path(get, path = "/api/users/{id}/packages", operation_id = "list_user_packages", tag = "users", params(("id" = String, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, description = "The packages", body = Page<PackageView>)))]
pub(crate) async fn packages(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    uri: Uri,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let page = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            let account = meant(app, &caller, &id)?;
            packages::page_of(app, &caller, account.username.as_str(), &page)
        })
        .await?;
    let next = page.next.clone();
    Ok(wire::with_link(
        Answer(page).into_response(),
        &uri,
        next.as_deref(),
    ))
}

/// Lists the tokens of an account.
#[utoipa::path(get, path = "/api/users/{id}/tokens", operation_id = "list_user_tokens", tag = "users", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The tokens", body = Page<TokenView>)))]
pub(crate) async fn tokens(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<Page<TokenView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let account = meant(app, &caller, &id)?;
        tokens::page_of(app, &account).map(Answer)
    })
    .await
}

/// Revokes a token of an account.
#[utoipa::path(delete, path = "/api/users/{id}/tokens/{token}", operation_id = "delete_user_token", tag = "users",
    params(("id" = String, Path), ("token" = String, Path)), security(("bearer" = [])),
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn delete_token(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        let account = meant(app, &caller, &id)?;
        tokens::revoke(app, &caller, &account, &token)
    })
    .await
}

/// Returns the account that an address means: for an administrator, or oneself.
fn meant(app: &App, caller: &Caller, id: &str) -> Result<Account, Problem> {
    let account = caller.account()?;
    if account.id.as_str() == id {
        return caller.in_full().cloned();
    }
    caller.admin()?;
    let missing = || Problem::new(Code::UserNotFound, "no account has this id");
    let id: Id = id.parse().map_err(|_| missing())?;
    app.archive.accounts().account(&id)?.ok_or_else(missing)
}
