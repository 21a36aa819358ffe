//! What is checked before a byte of a body is taken.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use debian_archive::config::Suite;
use debian_archive::ingest::{
    NamePolicy, ReceivedFile, StagedPackage, SuiteComponent, UploadContext, VulnerablePolicy,
};
use debian_control::name::Component;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::receive::{check_room, check_size};
use crate::routes::upload::params::PlaceParams;

/// What may go ahead.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) suite: debian_archive::config::Suite,
    pub(crate) component: Component,
    /// What to do with known vulnerabilities that the suite does not take.
    pub(crate) vulnerable: VulnerablePolicy,
}

impl Admitted {
    /// Returns where it may go.
    pub(crate) fn place(&self) -> SuiteComponent<'_> {
        SuiteComponent {
            suite: &self.suite,
            component: &self.component,
        }
    }

    /// Reads a package that came in, and checks that it may come in. Blocking.
    pub(crate) fn inspect(&self, app: &App, received: ReceivedFile) -> Result<StagedPackage, Problem> {
        let arrival = UploadContext {
            now: now(),
            by: Some(self.caller.actor().clone()),
            names: NamePolicy::OfPolicy,
            vulnerable: self.vulnerable,
        };
        let staged = app.archive.inspect(received, &self.place(), &arrival)?;
        self.caller.uploads(&self.suite, Some(&staged.content().name))?;
        Ok(staged)
    }
}

/// Checks all that can be checked before a byte of the body is taken.
pub(crate) async fn admit(
    app: &Arc<App>,
    presented: PresentedCredential,
    params: PlaceParams,
    size: Option<u64>,
) -> Result<Admitted, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        caller.account()?;
        let suite = match (&params.suite, app.archive.config().suites.as_slice()) {
            (Some(name), _) => caller.suite(app.archive.config(), name)?,
            (None, [suite]) if caller.sees(suite) => suite,
            (None, _) => {
                return Err(Problem::new(
                    Code::SuiteRequired,
                    "expected a `suite` parameter: only an archive with a single suite has a default",
                ));
            }
        };
        caller.uploads(suite, None)?;
        let component = component(suite, params.component.as_deref())?;
        let vulnerable = vulnerable(&caller, params.allow_vulnerable)?;
        // A client need not say how much comes: what comes is counted as it comes.
        let size = size.unwrap_or(0);
        check_size(app.settings.max_upload_bytes, size)?;
        check_room(app, size)?;
        Ok(Admitted {
            suite: suite.clone(),
            component: component.clone(),
            vulnerable,
            caller,
        })
    })
    .await
}

/// Returns what happens to packages with known vulnerabilities that the suite does not take: an administrator may accept them.
pub(crate) fn vulnerable(caller: &Caller, is_allowed: bool) -> Result<VulnerablePolicy, Problem> {
    if !is_allowed {
        return Ok(VulnerablePolicy::Refuse);
    }
    caller.admin()?;
    Ok(VulnerablePolicy::Accept)
}

/// Returns how much comes, where the client says so.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns the component of a name; left out, the suite's first.
pub(crate) fn component<'a>(suite: &'a Suite, name: Option<&str>) -> Result<&'a Component, Problem> {
    let Some(name) = name else {
        return Ok(suite.default_component());
    };
    let found = suite
        .components
        .iter()
        .find(|component| component.as_str() == name);
    found.ok_or_else(|| Problem::no_such_component(suite, name))
}
