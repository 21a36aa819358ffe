//! `GET /api/suites/{suite}/publications`: what was published of a suite.

use std::sync::Arc;

use archive_catalog::{Publication, SnapshotId};
use axum::Json as Answer;
use axum::extract::State;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// A publish of a suite.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publication)]
pub(crate) struct PublicationView {
    /// The snapshot that it is, while that is kept.
    pub(crate) snapshot: String,
    /// The revision of the suite that it shows.
    pub(crate) revision: i64,
    pub(crate) packages: u64,
    /// Date of its InRelease.
    #[schema(format = DateTime)]
    pub(crate) date: String,
    /// When clients refuse its InRelease; null: never.
    pub(crate) valid_until: Option<String>,
    /// When a later publish took its place; null: it is live.
    pub(crate) superseded_at: Option<String>,
    /// SHA-256 of its InRelease.
    pub(crate) inrelease: String,
}

/// Lists the publishes of a suite whose index files are kept, newest first.
#[utoipa::path(get, path = "/api/suites/{suite}/publications", operation_id = "list_publications", tag = "suites", params(("suite" = String, Path)),
    security((), ("bearer" = [])), responses((status = 200, description = "The publishes", body = ListPage<PublicationView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
) -> Result<Answer<ListPage<PublicationView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_suite(app, &caller, &name).map(Answer)
    })
    .await
}

/// Returns the publishes of a suite that the caller may read.
pub(crate) fn of_suite(app: &App, caller: &Caller, name: &str) -> Result<ListPage<PublicationView>, Problem> {
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let publications = app.archive.catalog().publications(&suite.codename)?;
    Ok(ListPage {
        items: publications.iter().map(PublicationView::new).collect(),
        next: None,
    })
}

impl PublicationView {
    fn new(publication: &Publication) -> Self {
        Self {
            snapshot: SnapshotId::of(publication.date).to_string(),
            revision: publication.revision,
            packages: publication.packages,
            date: format_iso(publication.date),
            valid_until: publication.valid_until.map(format_iso),
            superseded_at: publication.superseded_at.map(format_iso),
            inrelease: publication.inrelease.to_string(),
        }
    }
}
