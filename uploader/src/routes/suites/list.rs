//! `GET /api/suites`: the suites that the caller may read.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// A suite.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suite)]
pub(crate) struct SuiteSummary {
    codename: String,
    /// Alias.
    suite: Option<String>,
    /// Components; the first is the default.
    components: Vec<String>,
    /// Packages for `all` are accepted in addition.
    architectures: Vec<String>,
    private: bool,
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
        let items = caller
            .readable(app.archive.config())
            .into_iter()
            .map(|suite| SuiteSummary {
                codename: suite.codename.to_string(),
                suite: suite.alias.as_ref().map(ToString::to_string),
                components: suite.components.iter().map(ToString::to_string).collect(),
                architectures: suite.architectures.iter().map(ToString::to_string).collect(),
                private: suite.private,
            });
        Ok(Answer(ListPage {
            items: items.collect(),
            next: None,
        }))
    })
    .await
}
