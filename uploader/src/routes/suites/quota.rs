//! `GET` and `PUT /api/suites/{suite}/quota`.

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
use crate::routes::wire;

/// Returns the quota of a suite, and what of it is used, for its maintainers.
#[utoipa::path(get, path = "/api/suites/{suite}/quota", operation_id = "show_suite_quota", tag = "suites", params(("suite" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The quota", body = QuotaView), (status = 304, description = "Not modified")))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let quota = app
        .blocking(move |app| {
            let caller = identify(app, &presented)?;
            of_suite(app, &caller, &name)
        })
        .await?;
    Ok(wire::revalidated(&headers, &quota))
}

/// Sets the quota of a suite. An upload, promotion or restoration that would exceed it is refused; nothing is taken away.
#[utoipa::path(put, path = "/api/suites/{suite}/quota", operation_id = "set_suite_quota", tag = "suites", params(("suite" = String, Path)), request_body = QuotaRequest,
    security(("bearer" = [])), responses((status = 200, description = "Set", body = QuotaView)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(body): Json<QuotaRequest>,
) -> Result<Answer<QuotaView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        set_of_suite(app, &caller, &name, (&headers, &body)).map(Answer)
    })
    .await
}

/// Returns the quota of a suite that the caller uploads to.
pub(crate) fn of_suite(app: &App, caller: &Caller, name: &str) -> Result<QuotaView, Problem> {
    caller.account()?;
    let suite = caller.suite(app.archive.config(), name)?;
    caller.uploads(suite, None)?;
    quota::shown(app, &QuotaOwner::Suite(suite.codename.clone()))
}

/// Sets the quota of a suite, as far as it is what `If-Match` of the headers says.
pub(crate) fn set_of_suite(
    app: &App,
    caller: &Caller,
    name: &str,
    asked: (&HeaderMap, &QuotaRequest),
) -> Result<QuotaView, Problem> {
    caller.admin()?;
    let suite = caller.suite(app.archive.config(), name)?;
    quota::set(app, caller, &QuotaOwner::Suite(suite.codename.clone()), asked)
}
