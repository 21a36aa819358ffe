//! `GET /api/stats`: how much the caller may read.

pub(crate) mod daily;
pub(crate) mod downloads;

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
use crate::routes::lookup;

/// Statistics of the suites that the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Packages with distinct content.
    pub(crate) packages: u64,
    /// Distinct package names.
    pub(crate) names: u64,
    /// Total size of the .deb files, in bytes.
    pub(crate) size: u64,
    pub(crate) downloads: u64,
    pub(crate) suites: usize,
}

/// Returns statistics of the suites that the caller may read.
#[utoipa::path(get, path = "/api/stats", operation_id = "show_statistics", tag = "suites", security((), ("bearer" = [])),
    responses((status = 200, description = "The counts", body = Stats)))]
pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<Stats>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        counted(app, &caller).map(Answer)
    })
    .await
}

/// Counts what the caller may read.
pub(crate) fn counted(app: &App, caller: &Caller) -> Result<Stats, Problem> {
    let suites = lookup::codenames(app, caller);
    let totals = app.archive.listing().totals(&suites)?;
    Ok(Stats {
        packages: totals.packages,
        names: totals.names,
        size: totals.bytes,
        downloads: totals.downloads,
        suites: suites.len(),
    })
}
