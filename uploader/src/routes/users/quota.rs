//! `GET` and `PUT /api/users/{id}/quota`.

use std::sync::Arc;

use archive_catalog::quotas::QuotaOwner;
use axum::Json as Answer;
use axum::extract::State;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::quota::{self, QuotaRequest, QuotaView};
use crate::routes::users::account::addressed_account;

/// Returns the quota of an account, and what of it is used.
#[utoipa::path(get, path = "/api/users/{id}/quota", operation_id = "show_user_quota", tag = "users", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The quota", body = QuotaView)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<QuotaView>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_account(app, &caller, &id).map(Answer)
    })
    .await
}

/// Sets the quota of an account. An upload, promotion or restoration in its name that would exceed it is refused; nothing is taken away.
#[utoipa::path(put, path = "/api/users/{id}/quota", operation_id = "set_user_quota", tag = "users", params(("id" = String, Path)), request_body = QuotaRequest,
    security(("bearer" = [])), responses((status = 200, description = "Set", body = QuotaView)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    Json(body): Json<QuotaRequest>,
) -> Result<Answer<QuotaView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        set_of_account(app, &caller, &id, &body).map(Answer)
    })
    .await
}

/// Returns the quota of an account: for an administrator, or oneself.
pub(crate) fn of_account(app: &App, caller: &Caller, id: &str) -> Result<QuotaView, Problem> {
    let account = addressed_account(app, caller, id)?;
    quota::shown(app, &QuotaOwner::Account(account.username))
}

/// Sets the quota of an account.
pub(crate) fn set_of_account(
    app: &App,
    caller: &Caller,
    id: &str,
    body: &QuotaRequest,
) -> Result<QuotaView, Problem> {
    caller.admin()?;
    let account = addressed_account(app, caller, id)?;
    quota::set(app, caller, &QuotaOwner::Account(account.username), body)
}
