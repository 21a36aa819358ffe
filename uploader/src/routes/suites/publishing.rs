//! `GET /api/suites/{suite}/publishing`: how far a suite is published.

use std::sync::Arc;

use archive_catalog::Progress;
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
use crate::publication_tracker::Failing;

/// How far a suite is published: what to ask after an upload was answered 202.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuitePublishing {
    /// Codename.
    pub(crate) suite: String,
    /// A number that rises with every change of what the suite holds.
    revision: i64,
    /// The revision that the live InRelease shows; null: the suite was never published.
    published_revision: Option<i64>,
    /// Whether the live InRelease shows all that the suite holds.
    pub(crate) is_published: bool,
    /// Packages in the live indexes.
    pub(crate) packages: Option<u64>,
    /// Date of the live InRelease.
    #[schema(format = DateTime)]
    pub(crate) date: Option<String>,
    /// When clients refuse the live InRelease; null: never.
    pub(crate) valid_until: Option<String>,
    /// Why this server cannot publish the suite at present: `signing`, `gate` or `other`. Null where it can, or another program publishes.
    pub(crate) failing: Option<&'static str>,
    /// With `gate`: which packages could not be installed, and why.
    pub(crate) failing_because: Option<String>,
}

/// Returns how far a suite is published, by whichever program publishes it.
#[utoipa::path(get, path = "/api/suites/{suite}/publishing", operation_id = "show_publishing", tag = "suites", params(("suite" = String, Path)),
    security((), ("bearer" = [])), responses((status = 200, description = "How far the suite is published", body = SuitePublishing)))]
pub(crate) async fn publishing(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
) -> Result<Answer<SuitePublishing>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_suite(app, &caller, &name).map(Answer)
    })
    .await
}

/// Says how far a suite is published that the caller may know of.
pub(crate) fn of_suite(app: &App, caller: &Caller, name: &str) -> Result<SuitePublishing, Problem> {
    let suite = &caller.suite(app.archive.config(), name)?.codename;
    let progress = app.archive.catalog().progress()?;
    let progress = progress.into_iter().find(|progress| progress.suite == *suite);
    let progress = progress.expect("every suite of the configuration has a row since the archive was opened");
    let failing = app.publications.failing_in(suite);
    Ok(SuitePublishing::new(&progress, failing))
}

/// Says how far each suite is published that the caller may read.
pub(crate) fn of_all(app: &App, caller: &Caller) -> Result<Vec<SuitePublishing>, Problem> {
    let progress = app.archive.catalog().progress()?;
    let readable = caller.readable(app.archive.config());
    let found = progress.iter().filter(|progress| {
        let mut suites = readable.iter();
        suites.any(|suite| suite.codename == progress.suite)
    });
    Ok(found
        .map(|progress| SuitePublishing::new(progress, app.publications.failing_in(&progress.suite)))
        .collect())
}

impl SuitePublishing {
    fn new(progress: &Progress, failing: Option<Failing>) -> Self {
        let live = progress.publication.as_ref();
        Self {
            suite: progress.suite.to_string(),
            revision: progress.revision,
            published_revision: live.map(|live| live.revision),
            is_published: progress.is_published(),
            packages: live.map(|live| live.packages),
            date: live.map(|live| format_iso(live.date)),
            valid_until: live.and_then(|live| live.valid_until).map(format_iso),
            failing: failing.as_ref().map(|failing| failing.reason.as_str()),
            failing_because: failing.and_then(|failing| failing.because),
        }
    }
}
