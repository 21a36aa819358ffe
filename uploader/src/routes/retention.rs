//! `GET /api/retention`: what the next prune would remove and delete.

use std::sync::Arc;

use archive_catalog::PruneMode;
use axum::Json as Answer;
use axum::extract::State;
use debian_archive::error_text::with_causes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::Params;
use crate::identify::identify;
use crate::problem::Problem;

/// How many versions and how many files an answer lists.
const SHOWN: usize = 1000;

/// What is looked for.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RetentionParams {
    /// Also look for files that nothing names, as `repogen prune --dry-run` does, which lists all files. Default: true.
    #[serde(default = "yes")]
    pub(crate) strays: bool,
}

fn yes() -> bool {
    true
}

/// What a prune would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionPreview {
    /// How many versions would leave their suite.
    pub(crate) version_count: usize,
    /// Up to 1000 of them.
    pub(crate) versions: Vec<RetentionVersion>,
    /// How many files would be deleted.
    pub(crate) file_count: usize,
    /// Up to 1000 of them.
    pub(crate) files: Vec<RetentionFile>,
    /// What could not be looked at, and so would stay.
    pub(crate) failures: Vec<String>,
}

/// A version that would leave its suite, because newer ones are enough.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionVersion {
    pub(crate) suite: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
}

/// A file that would be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionFile {
    /// Below the root.
    pub(crate) path: String,
    pub(crate) reason: &'static str,
}

/// Says what the next prune would remove from suites, and delete. Changes nothing.
#[utoipa::path(get, path = "/api/retention", operation_id = "preview_retention", tag = "suites", params(RetentionParams), security(("bearer" = [])),
    responses((status = 200, description = "What a prune would do", body = RetentionPreview)))]
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(params): Params<RetentionParams>,
) -> Result<Answer<RetentionPreview>, Problem> {
    app.blocking_long(move |app| {
        let caller = identify(app, &presented)?;
        previewed(app, &caller, params).map(Answer)
    })
    .await
}

/// Returns what the next prune would do.
pub(crate) fn previewed(
    app: &App,
    caller: &Caller,
    params: RetentionParams,
) -> Result<RetentionPreview, Problem> {
    caller.admin()?;
    let pruned = match params.strays {
        true => app.archive.prune(PruneMode::DryRun, now()),
        false => app.archive.retention_preview(now()),
    };
    let pruned = pruned.map_err(|error| Problem::internal(&error))?;
    let versions = &pruned.forgotten.versions;
    Ok(RetentionPreview {
        version_count: versions.len(),
        versions: versions
            .iter()
            .take(SHOWN)
            .map(|version| RetentionVersion {
                suite: version.suite.to_string(),
                name: version.name.to_string(),
                version: version.version.to_string(),
                architecture: version.architecture.to_string(),
            })
            .collect(),
        file_count: pruned.deleted.len(),
        files: pruned
            .deleted
            .into_iter()
            .take(SHOWN)
            .map(|(path, reason)| RetentionFile { path, reason })
            .collect(),
        failures: pruned
            .failures
            .iter()
            .map(|failure| with_causes(failure))
            .collect(),
    })
}
