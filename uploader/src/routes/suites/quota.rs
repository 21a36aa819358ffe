//! `GET` and `PUT /api/suites/{suite}/quota`.

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

/// Returns the quota of a suite, and what of it is used, for its maintainers.
#[utoipa::path(get, path = "/api/suites/{suite}/quota", operation_id = "show_suite_quota", tag = "suites", params(("suite" = String, Path)),
    security(("bearer" = [])), responses((status = 200, description = "The quota", body = QuotaView)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
) -> Result<Answer<QuotaView>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_suite(app, &caller, &name).map(Answer)
    })
    .await
}

/// Sets the quota of a suite. An upload, promotion or restoration that would exceed it is refused; nothing is taken away.
#[utoipa::path(put, path = "/api/suites/{suite}/quota", operation_id = "set_suite_quota", tag = "suites", params(("suite" = String, Path)), request_body = QuotaRequest,
    security(("bearer" = [])), responses((status = 200, description = "Set", body = QuotaView)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    Json(body): Json<QuotaRequest>,
) -> Result<Answer<QuotaView>, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        set_of_suite(app, &caller, &name, &body).map(Answer)
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

/// Sets the quota of a suite.
pub(crate) fn set_of_suite(
    app: &App,
    caller: &Caller,
    name: &str,
    body: &QuotaRequest,
) -> Result<QuotaView, Problem> {
    caller.admin()?;
    let suite = caller.suite(app.archive.config(), name)?;
    quota::set(app, caller, &QuotaOwner::Suite(suite.codename.clone()), body)
}
