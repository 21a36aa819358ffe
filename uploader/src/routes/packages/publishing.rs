//! `GET /api/packages/{id}/publishing`: in which suites a package is live.

use std::sync::Arc;

use archive_catalog::Content;
use axum::Json as Answer;
use axum::extract::State;
use debian_archive::config::Suite;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::lookup;
use crate::routes::packages::placement::standing;
use crate::routes::wire::ListPage;

/// Whether a package is live in a suite.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PackagePublishing {
    /// Codename.
    pub(crate) suite: String,
    /// Whether the live InRelease names it.
    pub(crate) is_published: bool,
    /// Date of the live InRelease; null: the suite was never published.
    #[schema(format = DateTime)]
    pub(crate) date: Option<String>,
    /// Why this server cannot publish the suite at present: `signing`, `gate` or `other`. Null where it can, or another program publishes.
    pub(crate) failing: Option<&'static str>,
    /// With `gate`: which packages could not be installed, and why.
    pub(crate) failing_because: Option<String>,
}

/// Says for each suite that a package is in whether it is live there: what to ask after an upload was answered 202.
#[utoipa::path(get, path = "/api/packages/{id}/publishing", operation_id = "show_package_publishing", tag = "packages", params(("id" = String, Path)),
    security((), ("bearer" = [])), responses((status = 200, description = "The suites of the package", body = ListPage<PackagePublishing>)))]
pub(crate) async fn publishing(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<ListPage<PackagePublishing>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_package(app, &caller, &id).map(Answer)
    })
    .await
}

/// Says where a package is live, as far as the caller may read.
pub(crate) fn of_package(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<ListPage<PackagePublishing>, Problem> {
    let listed = lookup::readable(app, caller, id)?;
    let content = &listed.entry.content;
    let progress = app.archive.catalog().progress()?;
    let mut items = Vec::new();
    for suite in standing(app, &listed) {
        let live = progress.iter().find(|progress| progress.suite == suite.codename);
        let live = live.and_then(|progress| progress.publication.as_ref());
        let is_published = match live {
            Some(live) => is_live(app, suite, live.revision, content)?,
            None => false,
        };
        let failing = app.publications.failing_in(&suite.codename);
        items.push(PackagePublishing {
            suite: suite.codename.to_string(),
            is_published,
            date: live.map(|live| format_iso(live.date)),
            failing: failing.as_ref().map(|failing| failing.reason.as_str()),
            failing_because: failing.and_then(|failing| failing.because),
        });
    }
    Ok(ListPage { items, next: None })
}

/// Says whether a package is in an index of what was published of a revision.
fn is_live(app: &App, suite: &Suite, revision: i64, content: &Content) -> Result<bool, Problem> {
    let catalog = app.archive.catalog();
    let snapshot = catalog.snapshot(&suite.codename, suite.pool_tree(), Some(revision))?;
    let Some(publication) = &snapshot.state().publication else {
        return Ok(false);
    };
    let named = snapshot.named(&content.name)?;
    let mut held = named.iter().filter(|held| held.content.sha256 == content.sha256);
    Ok(held.any(|held| publication.shows(&held.component, &content.architecture)))
}
