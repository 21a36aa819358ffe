//! `GET /api/publishers`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::oidc::TrustedPublisher;
use crate::problem::Problem;

/// A CI job that may upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publisher)]
pub(crate) struct PublisherView {
    pub(crate) id: String,
    /// Whether it is in `publishers.toml`, and so ended there.
    pub(crate) is_of_file: bool,
    /// Name of its issuer in `publishers.toml`.
    pub(crate) issuer: String,
    pub(crate) repository: String,
    pub(crate) owner_id: String,
    /// File of the workflow.
    pub(crate) workflow: String,
    /// Null: whether the job has one or not.
    pub(crate) environment: Option<String>,
    /// Branch or tag, with `*` at its end for any that begins so; null: any.
    #[serde(rename = "ref")]
    pub(crate) reference: Option<String>,
    /// What set the job off; null: anything but what somebody without rights in the repository can.
    pub(crate) event: Option<String>,
    /// User name of the account that it uploads in the name of.
    pub(crate) account: String,
    /// Codename; as `publishers.toml` has it, where no suite is called so.
    pub(crate) suite: String,
    /// Patterns of package names.
    pub(crate) packages: Vec<String>,
    /// When a job last got a token by it; null: never, or before this was kept.
    pub(crate) last_used_at: Option<String>,
}

/// The trusted publishers, and the issuers that there can be more of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publishers)]
pub(crate) struct PublisherList {
    /// Names of the issuers in `publishers.toml`.
    pub(crate) issuers: Vec<String>,
    /// Those of the file first, then by repository.
    pub(crate) items: Vec<PublisherView>,
}

impl PublisherView {
    pub(crate) fn new(app: &App, publisher: &TrustedPublisher, last_used_at: Option<i64>) -> Self {
        let suite = app.archive.config().suite(&publisher.suite);
        Self {
            id: publisher.key(),
            is_of_file: publisher.is_of_file(),
            issuer: publisher.issuer.clone(),
            repository: publisher.repository.clone(),
            owner_id: publisher.owner_id.clone(),
            workflow: publisher.workflow.clone(),
            environment: publisher.environment.clone(),
            reference: publisher.reference.clone(),
            event: publisher.event.clone(),
            account: publisher.account.to_string(),
            suite: suite.map_or_else(|| publisher.suite.clone(), |suite| suite.codename.to_string()),
            packages: publisher.packages.clone(),
            last_used_at: last_used_at.map(format_iso),
        }
    }
}

/// Lists the CI jobs that may upload: those of `publishers.toml` and those that administrators added.
#[utoipa::path(get, path = "/api/publishers", operation_id = "list_publishers", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The publishers", body = PublisherList)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<PublisherList>, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        listed(app, &caller).map(Answer)
    })
    .await
}

/// Returns all trusted publishers, for an administrator.
pub(crate) fn listed(app: &App, caller: &Caller) -> Result<PublisherList, Problem> {
    caller.admin()?;
    app.oidc.reload();
    let (of_file, issuers) = app.oidc.of_file();
    let kept = app.archive.publishers().publishers()?;
    let uses = app.archive.publishers().publisher_uses()?;
    let publishers = of_file.into_iter().chain(kept.into_iter().map(Into::into));
    let items = publishers
        .map(|publisher| PublisherView::new(app, &publisher, uses.get(&publisher.key()).copied()))
        .collect();
    Ok(PublisherList { issuers, items })
}
