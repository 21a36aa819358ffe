//! `GET` and `PUT /api/users/{id}/quota`.

use std::sync::Arc;

use archive_catalog::quotas::QuotaOwner;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::quota::{self, QuotaRequest, QuotaView};
use crate::routes::users::account::addressed_account;
use crate::routes::wire;

/// Returns the quota of an account, and what of it is used.
#[utoipa::path(get, path = "/api/users/{id}/quota", operation_id = "show_user_quota", tag = "users", params(("id" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The quota", body = QuotaView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let quota = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            of_account(app, &caller, &id)
        })
        .await?;
    Ok(wire::revalidated(&headers, &quota))
}

/// Sets the quota of an account. An upload, promotion or restoration in its name that would exceed it is refused; nothing is taken away.
#[utoipa::path(put, path = "/api/users/{id}/quota", operation_id = "set_user_quota", tag = "users", params(("id" = String, Path)), request_body = QuotaRequest,
    security(("bearer" = [])), responses((status = 200, description = "Set", body = QuotaView)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<QuotaRequest>,
) -> Result<Answer<QuotaView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        set_of_account(app, &caller, &id, (&headers, &body)).map(Answer)
    })
    .await
}

/// Returns the quota of an account: for an administrator, or oneself.
pub(crate) fn of_account(app: &App, caller: &Caller, id: &str) -> Result<QuotaView, Problem> {
    let account = addressed_account(app, caller, id)?;
    quota::shown(app, &QuotaOwner::Account(account.username))
}

/// Sets the quota of an account, as far as it is what `If-Match` of the headers says.
pub(crate) fn set_of_account(
    app: &App,
    caller: &Caller,
    id: &str,
    asked: (&HeaderMap, &QuotaRequest),
) -> Result<QuotaView, Problem> {
    caller.admin()?;
    let account = addressed_account(app, caller, id)?;
    quota::set(app, caller, &QuotaOwner::Account(account.username), asked)
}
