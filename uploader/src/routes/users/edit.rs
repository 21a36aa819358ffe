//! `PUT /api/users/{id}`.

use std::sync::Arc;

use archive_catalog::accounts::{Account, AccountChange, Role, Suites};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Path};
use crate::identify::identify;
use crate::password;
use crate::problem::{Code, Problem};
use crate::routes::users::account::addressed_account;
use crate::routes::wire::{self, UserView};

/// A change to an account. Omitted fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"role": "maintainer", "suites": ["bookworm"]}))]
pub(crate) struct ChangeUser {
    pub(crate) email: Option<String>,
    /// Ends all sessions of the account.
    pub(crate) password: Option<String>,
    /// Administrators only. Ends all sessions of the account.
    pub(crate) role: Option<String>,
    /// Administrators only. Null means all suites. Left out with a new role: those that were given to the account stay; without any, a
    /// maintainer has all, and a user none.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) suites: Option<Option<Vec<String>>>,
    /// Administrators only. True ends all sessions; tokens are rejected until this is false again.
    pub(crate) disabled: Option<bool>,
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
    let caller = app.blocking(move |app| identify(app, &presented)).await?;
    changed(&app, caller, id, headers, body).await.map(Answer)
}

/// Changes an account, as far as it is what `If-Match` of the headers says.
pub(crate) async fn changed(
    app: &Arc<App>,
    caller: Caller,
    id: String,
    headers: HeaderMap,
    body: ChangeUser,
) -> Result<UserView, Problem> {
    let conditions = headers.clone();
    let (caller, account, mut change, password) = app
        .blocking(move |app| {
            let account = addressed_account(app, &caller, &id)?;
            wire::check_if_match(&headers, &UserView::new(&account))?;
            // Before anything is looked up: only administrators learn which suites there are.
            if body.role.is_some() || body.suites.is_some() || body.disabled.is_some() {
                caller.admin()?;
            }
            if body.password.is_some() {
                check_own_password(&caller, &account)?;
            }
            let change = account_change(app, &account, &body)?;
            Ok((caller, account, change, body.password))
        })
        .await?;
    if let Some(password) = password {
        change.password = Some(app.passwords.hash(password).await?);
    }
    app.changing(move |app| {
        let _turn = app.turn_to_edit()?;
        // Hashing the password took its time: what counts are the account, and the rights of who asks, as they are now.
        let caller = caller.again(&app.archive)?;
        let account = addressed_account(app, &caller, account.id.as_str())?;
        wire::check_if_match(&conditions, &UserView::new(&account))?;
        if change.role.is_some() || change.suites.is_some() || change.disabled.is_some() {
            caller.admin()?;
        }
        let detail = json!({
            "email": change.email.is_some(),
            "password": change.password.is_some(),
            "role": change.role.map(Role::as_str),
            "suites": change.suites.as_ref().map(wire::recorded_suites),
            "disabled": change.disabled,
        });
        let event = caller.event("user.change", account.username.to_string(), detail);
        let changed = app
            .archive
            .accounts()
            .change_account(&account.id, &change, &event)?;
        Ok(UserView::new(&changed))
    })
    .await
}

/// Refuses to set the caller's own password by a session that was left open, or taken, or by a token: it would take the account over.
fn check_own_password(caller: &Caller, account: &Account) -> Result<(), Problem> {
    let is_own = caller.account()?.id == account.id;
    if is_own && !caller.signed_in_recently(now()) {
        return Err(Problem::new(
            Code::Forbidden,
            "one's own password is changed within five minutes of signing in, or by `PUT /api/auth/password` with the present one",
        ));
    }
    Ok(())
}

/// Reads what is to be changed, all but the password, whose hash takes its time.
fn account_change(app: &App, account: &Account, body: &ChangeUser) -> Result<AccountChange, Problem> {
    body.password.as_deref().map_or(Ok(()), password::check)?;
    let role = body.role.as_deref().map(wire::role).transpose()?;
    let was_given_some = matches!(&account.suites, Suites::Only(suites) if !suites.is_empty());
    let suites = match (&body.suites, role) {
        (Some(suites), _) => Some(suites.as_deref()),
        // An administrator has all. Another one keeps what was given; who was given nothing gets what an account of that role begins with.
        (None, Some(role)) if role != account.role && (role == Role::Admin || !was_given_some) => Some(None),
        _ => None,
    };
    Ok(AccountChange {
        email: body.email.as_deref().map(wire::value).transpose()?,
        password: None,
        suites: suites
            .map(|suites| wire::suites(app, role.unwrap_or(account.role), suites))
            .transpose()?,
        role,
        disabled: body.disabled,
    })
}
