//! `GET /api/suites`: the suites that the caller may read.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// A suite.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suite)]
pub(crate) struct SuiteSummary {
    pub(crate) codename: String,
    /// Alias.
    pub(crate) suite: Option<String>,
    /// Components; the first is the default.
    pub(crate) components: Vec<String>,
    /// Packages for `all` are accepted in addition.
    pub(crate) architectures: Vec<String>,
    pub(crate) private: bool,
}

/// Lists the suites that the caller may read.
#[utoipa::path(get, path = "/api/suites", operation_id = "list_suites", tag = "suites", security((), ("bearer" = [])),
    responses((status = 200, description = "The suites", body = ListPage<SuiteSummary>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<ListPage<SuiteSummary>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        Ok(Answer(readable(app, &caller)))
    })
    .await
}

/// Returns the suites that the caller may read.
pub(crate) fn readable(app: &App, caller: &Caller) -> ListPage<SuiteSummary> {
    let suites = caller.readable(app.archive.config()).into_iter();
    let items = suites.map(|suite| SuiteSummary {
        codename: suite.codename.to_string(),
        suite: suite.alias.as_ref().map(ToString::to_string),
        components: suite.components.iter().map(ToString::to_string).collect(),
        architectures: suite.architectures.iter().map(ToString::to_string).collect(),
        private: suite.private,
    });
    ListPage {
        items: items.collect(),
        next: None,
    }
}
