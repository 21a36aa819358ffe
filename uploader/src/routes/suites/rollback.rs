//! `POST /api/suites/{suite}/rollback`: a suite holds again what it held.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use debian_archive::config::Gate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::change::{ChangeParams, ChangePublisher, published};
use crate::routes::suites::differences::DifferencePage;
use crate::routes::suites::promotions::UninstallableView;
use crate::routes::suites::snapshots;

/// How many differences an answer lists; `GET /api/suites/{suite}/differences` has all of them.
const SHOWN: usize = 500;

/// Where a suite is to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Rollback, example = json!({"snapshot": "20261123T101500Z", "dry_run": true}))]
pub(crate) struct RollbackRequest {
    /// ID of the snapshot.
    pub(crate) snapshot: String,
    /// Say what would change, and change nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What a rollback changed, or would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RolledBack)]
pub(crate) struct RollbackAnswer {
    /// Codename.
    pub(crate) suite: String,
    pub(crate) snapshot: String,
    /// Whether the suite was changed: not by a `dry_run`, and not where it held just that.
    pub(crate) is_changed: bool,
    /// Who makes it live: apt sees nothing of it before.
    pub(crate) published_by: ChangePublisher,
    /// Up to 500 of the differences.
    pub(crate) differences: DifferencePage,
    /// Packages of the suite that cannot be installed after it, and can now. Null where that is not looked for: the suite has no `gate`, or
    /// this was no `dry_run`.
    pub(crate) uninstallable: Option<Vec<UninstallableView>>,
    /// Whether the suite's gate refuses it.
    pub(crate) is_blocked: bool,
}

/// Restores a suite to exactly what a snapshot held. The next publish has a new Date; apt does not downgrade by itself.
#[utoipa::path(post, path = "/api/suites/{suite}/rollback", operation_id = "roll_back_suite", tag = "suites", params(("suite" = String, Path), ChangeParams),
    request_body = RollbackRequest, security(("bearer" = [])),
    responses((status = 200, description = "Rolled back, or what would change", body = RollbackAnswer),
        (status = 202, description = "Rolled back, but not yet in the live InRelease", body = RollbackAnswer)))]
pub(crate) async fn rollback(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
    Json(body): Json<RollbackRequest>,
) -> Result<(StatusCode, Answer<RollbackAnswer>), Problem> {
    let answer = app
        .changing(move |app| {
            let caller = identify(app, &presented)?;
            roll_back(app, &caller, &name, &body)
        })
        .await?;
    let status = published(&app, answer.is_changed, [answer.suite.as_str()], params.wait).await?;
    Ok((status, Answer(answer)))
}

/// Rolls a suite back, or says what that would change.
pub(crate) fn roll_back(
    app: &App,
    caller: &Caller,
    name: &str,
    body: &RollbackRequest,
) -> Result<RollbackAnswer, Problem> {
    caller.admin()?;
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let id = snapshots::id(&body.snapshot)?;
    let changes = match body.dry_run {
        true => app.archive.roll_back_preview(suite, &id)?,
        false => app.archive.roll_back_changes(suite, &id)?,
    };
    let differences = DifferencePage::of(suite, &changes, 0..SHOWN)?;
    // A reader that stays open would keep the log of the catalog from being shortened.
    drop(changes);
    let broken = match body.dry_run {
        true => app.archive.broken_by_roll_back(suite, &id)?,
        false => None,
    };
    let is_changed = !body.dry_run && {
        let changed = app.archive.roll_back(suite, &id, Some(caller.actor()), now())?;
        app.publications.changed();
        changed
    };
    Ok(RollbackAnswer {
        suite: suite.codename.to_string(),
        snapshot: id.to_string(),
        is_changed,
        published_by: ChangePublisher::of(app),
        differences,
        is_blocked: suite.gate == Gate::Block && broken.as_ref().is_some_and(|broken| !broken.is_empty()),
        uninstallable: broken.map(|broken| broken.iter().map(UninstallableView::new).collect()),
    })
}
