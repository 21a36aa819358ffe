//! Quotas, as routes of accounts and suites show and set them.

use archive_catalog::quotas::{Quota, QuotaOwner, QuotaState};
use axum::http::HeaderMap;
use debian_control::counted::counted;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};
use crate::routes::wire::{self, Tagged};

/// The largest number that every reader of JSON takes as it is written.
pub(crate) const LARGEST: u64 = (1 << 53) - 1;

/// A quota, and what of it is used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Quota)]
pub(crate) struct QuotaView {
    /// Most bytes of files; null: as many as there is room for.
    pub(crate) max_bytes: Option<u64>,
    /// Most packages; null: as many as there is room for.
    pub(crate) max_packages: Option<u64>,
    /// Bytes of the files that are kept, each file once: also of packages that were taken out, until they are pruned.
    pub(crate) bytes: u64,
    /// Packages in suites: one for each version, architecture and suite.
    pub(crate) packages: u64,
}

/// What a quota is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = NewQuota, example = json!({"max_bytes": 10_000_000_000_u64, "max_packages": null}))]
pub(crate) struct QuotaRequest {
    /// Most bytes of files; null or left out: as many as there is room for.
    #[schema(maximum = 9007199254740991_u64)]
    pub(crate) max_bytes: Option<u64>,
    /// Most packages; null or left out: as many as there is room for.
    #[schema(maximum = 9007199254740991_u64)]
    pub(crate) max_packages: Option<u64>,
}

impl Tagged for QuotaView {
    fn edited_part(&self) -> Option<Self> {
        Some(Self {
            bytes: 0,
            packages: 0,
            ..self.clone()
        })
    }
}

impl QuotaView {
    fn new(state: &QuotaState) -> Self {
        Self {
            max_bytes: state.quota.max_bytes,
            max_packages: state.quota.max_packages,
            bytes: state.usage.bytes,
            packages: state.usage.packages,
        }
    }

    /// Says how many packages it has, for people.
    pub(crate) fn packages_text(&self) -> String {
        counted(self.packages, "package")
    }

    /// Says how many bytes it has, for people.
    pub(crate) fn bytes_text(&self) -> String {
        counted(self.bytes, "byte")
    }
}

/// Returns the quota of an account or a suite.
pub(crate) fn shown(app: &App, owner: &QuotaOwner) -> Result<QuotaView, Problem> {
    let found = app.archive.quotas().quota(owner)?;
    found.as_ref().map(QuotaView::new).ok_or_else(|| missing(owner))
}

/// Sets the quota of an account or a suite, for an administrator, as far as it is what `If-Match` of the headers says.
pub(crate) fn set(
    app: &App,
    caller: &Caller,
    owner: &QuotaOwner,
    (headers, body): (&HeaderMap, &QuotaRequest),
) -> Result<QuotaView, Problem> {
    caller.admin()?;
    let _turn = app.turn_to_edit()?;
    if wire::is_conditional(headers) {
        wire::check_if_match(headers, &shown(app, owner)?)?;
    }
    if body.max_bytes.max(body.max_packages) > Some(LARGEST) {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("a quota is at most {LARGEST}: null stands for no quota"),
        ));
    }
    let quota = Quota {
        max_bytes: body.max_bytes,
        max_packages: body.max_packages,
    };
    let (action, subject) = match owner {
        QuotaOwner::Suite(suite) => ("suite.quota", suite.to_string()),
        QuotaOwner::Account(name) => ("user.quota", name.to_string()),
    };
    let detail = json!({ "max_bytes": quota.max_bytes, "max_packages": quota.max_packages });
    let event = caller.event(action, subject, detail);
    if !app.archive.quotas().set_quota(owner, &quota, &event)? {
        return Err(missing(owner));
    }
    shown(app, owner)
}

/// What was there a moment ago is gone.
fn missing(owner: &QuotaOwner) -> Problem {
    match owner {
        QuotaOwner::Suite(suite) => Problem::no_such_suite(suite.as_str()),
        QuotaOwner::Account(_) => Problem::new(Code::UserNotFound, "no account has this ID"),
    }
}
