//! What an upload says of itself in its address.

use serde::Deserialize;
use utoipa::ToSchema;

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wait {
    /// Until the change is in the live InRelease.
    Published,
}

/// Where an upload goes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceParams {
    /// Codename or alias. Default: the only suite, if the archive has just one.
    pub(crate) suite: Option<String>,
    /// Component. Default: the first of the suite.
    pub(crate) component: Option<String>,
    /// `published`: answer only when the package is in the live InRelease, or with 202 after 30 seconds.
    pub(crate) wait: Option<Wait>,
    /// Take the package also where it has known vulnerabilities that the suite does not take. Administrators only; the audit log names
    /// the vulnerabilities. Default: false.
    #[serde(default)]
    pub(crate) allow_vulnerable: bool,
}
