//! `GET /api/suites/{suite}/snapshots`: the states of a suite that can be gone back to.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use debian_archive::snapshots::StateView;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// Lists the states that a suite can be rolled back to, newest first.
#[utoipa::path(get, path = "/api/suites/{suite}/snapshots", operation_id = "list_snapshots", tag = "suites", params(("suite" = String, Path)),
    security((), ("bearer" = [])), responses((status = 200, description = "The snapshots", body = ListPage<StateView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
) -> Result<Answer<ListPage<StateView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_suite(app, &caller, &name).map(Answer)
    })
    .await
}

/// Returns the states of a suite that the caller may read.
pub(crate) fn of_suite(app: &App, caller: &Caller, name: &str) -> Result<ListPage<StateView>, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let progress = app.archive.catalog().progress()?;
    let progress = progress.iter().find(|progress| progress.suite == suite.codename);
    let states = app.archive.catalog().counted_states(&suite.codename)?;
    Ok(ListPage {
        items: states
            .iter()
            .map(|state| StateView::new(suite, state, progress))
            .collect(),
        next: None,
    })
}
