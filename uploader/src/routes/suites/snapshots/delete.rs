//! `DELETE /api/suites/{suite}/snapshots/{id}`: a pinned state is let go.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::suites::snapshots;

/// Deletes a pinned snapshot with its tree; the next prune deletes packages that only it needed.
#[utoipa::path(delete, path = "/api/suites/{suite}/snapshots/{id}", operation_id = "delete_snapshot", tag = "suites",
    params(("suite" = String, Path), ("id" = String, Path)), security(("bearer" = [])), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        unpin(app, &caller, &name, &id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Lets a pinned state of a suite go.
pub(crate) fn unpin(app: &App, caller: &Caller, name: &str, id: &str) -> Result<(), Problem> {
    caller.admin()?;
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let states = app.archive.states_named(&[suite], &snapshots::id(id)?)?;
    Ok(app.archive.unpin(&states, Some(caller.actor()), now())?)
}
