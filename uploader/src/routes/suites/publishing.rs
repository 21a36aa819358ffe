//! `GET /api/suites/{suite}/publishing`: how far a suite is published.

use std::sync::Arc;

use archive_catalog::Progress;
use axum::Json as Answer;
use axum::extract::State;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::credential::PresentedCredential;
use crate::extract::Path;
use crate::identify::identify;
use crate::problem::Problem;

/// How far a suite is published: what to ask after an upload was answered 202.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuitePublishing {
    /// Codename.
    suite: String,
    /// A number that rises with every change of what the suite holds.
    revision: i64,
    /// The revision that the live InRelease shows; null: the suite was never published.
    published_revision: Option<i64>,
    /// Whether the live InRelease shows all that the suite holds.
    is_published: bool,
    /// Packages in the live indexes.
    packages: Option<u64>,
    /// Date of the live InRelease.
    date: Option<String>,
    /// When clients refuse the live InRelease; null: never.
    valid_until: Option<String>,
    /// Why this server cannot publish the suite at present: `signing` or `other`. Null where it can, or another program publishes.
    failing: Option<&'static str>,
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
        let suite = &caller.suite(app.archive.config(), &name)?.codename;
        let progress = app.archive.catalog().progress()?;
        let progress = progress.into_iter().find(|progress| progress.suite == *suite);
        let progress =
            progress.expect("every suite of the configuration has a row since the archive was opened");
        let failing = app.publications.failing_in(suite);
        Ok(Answer(SuitePublishing::new(&progress, failing)))
    })
    .await
}

impl SuitePublishing {
    fn new(progress: &Progress, failing: Option<&'static str>) -> Self {
        let live = progress.publication.as_ref();
        Self {
            suite: progress.suite.to_string(),
            revision: progress.revision,
            published_revision: live.map(|live| live.revision),
            is_published: progress.is_published(),
            packages: live.map(|live| live.packages),
            date: live.map(|live| format_iso(live.date)),
            valid_until: live.and_then(|live| live.valid_until).map(format_iso),
            failing,
        }
    }
}
