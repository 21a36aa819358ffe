//! `GET /api/packages/{id}/provenance`: who brought a package, by which token, out of which CI job.

use std::sync::Arc;

use archive_catalog::provenance::{CiJob, Provenance};
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
use crate::routes::lookup;
use crate::routes::wire::ListPage;

/// How a package last came into a suite.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provenance)]
pub(crate) struct ProvenanceView {
    /// Codename.
    pub(crate) suite: String,
    pub(crate) at: String,
    /// User name of who brought it.
    pub(crate) account: Option<String>,
    /// The API token that was shown; null: a sign-in, or the caller may not upload the package to the suite.
    pub(crate) token: Option<SourceTokenView>,
    /// The CI job that brought it; null: there was none, or its repository is not public and the caller may not upload the package to
    /// the suite.
    pub(crate) job: Option<CiJobView>,
}

/// A token as it was when a package came by it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceToken)]
pub(crate) struct SourceTokenView {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// A CI job, as its issuer vouched for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CiJob)]
pub(crate) struct CiJobView {
    pub(crate) issuer: String,
    pub(crate) repository: String,
    pub(crate) workflow: String,
    /// The branch or tag.
    #[serde(rename = "ref")]
    pub(crate) reference: Option<String>,
    pub(crate) commit: Option<String>,
    /// What the CI calls the run: the ID of the run on GitHub and Forgejo, that of the job on GitLab.
    pub(crate) run: Option<String>,
}

/// Says for each suite how the package last came into it. Suites are missing where it was brought from a shell, or before this was kept.
#[utoipa::path(get, path = "/api/packages/{id}/provenance", operation_id = "show_package_provenance", tag = "packages", params(("id" = String, Path)),
    security((), ("bearer" = [])), responses((status = 200, description = "How the package came into suites", body = ListPage<ProvenanceView>)))]
pub(crate) async fn provenance(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(id): Path<String>,
) -> Result<Answer<ListPage<ProvenanceView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        of_package(app, &caller, &id).map(Answer)
    })
    .await
}

/// Returns how a package came into the suites that the caller may read, also those that have it no more.
pub(crate) fn of_package(app: &App, caller: &Caller, id: &str) -> Result<ListPage<ProvenanceView>, Problem> {
    let content = lookup::readable(app, caller, id)?.entry.content;
    let suites = lookup::codenames(app, caller);
    let found = app.archive.listing().provenance(&content.sha256, &suites)?;
    let items = found
        .into_iter()
        .map(|one| {
            let suite = app.archive.config().suite(one.suite.as_str());
            let uploads = suite.is_some_and(|suite| caller.uploads(suite, Some(&content.name)).is_ok());
            view(one, uploads)
        })
        .collect();
    Ok(ListPage { items, next: None })
}

/// Returns what may be told: names of tokens and of private repositories are for those who upload there.
fn view(found: Provenance, uploads: bool) -> ProvenanceView {
    ProvenanceView {
        suite: found.suite.to_string(),
        at: format_iso(found.at),
        account: found.account,
        token: found.token.filter(|_| uploads).map(|token| SourceTokenView {
            id: token.id,
            name: token.name,
        }),
        job: found.job.filter(|job| uploads || job.is_public).map(job_view),
    }
}

fn job_view(job: CiJob) -> CiJobView {
    CiJobView {
        issuer: job.issuer,
        repository: job.repository,
        workflow: job.workflow,
        reference: job.reference,
        commit: job.commit,
        run: job.run,
    }
}
