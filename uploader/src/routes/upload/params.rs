//! What an upload says of itself in its address.

use serde::Deserialize;
use utoipa::ToSchema;

/// Until when an answer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wait {
    /// Until it is in a live InRelease.
    Published,
}

/// Where an upload goes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceParams {
    /// Codename or alias; may be left out where there is one suite.
    pub(crate) suite: Option<String>,
    /// The suite's first when left out.
    pub(crate) component: Option<String>,
    /// `published`: answer once it is in a live InRelease.
    pub(crate) wait: Option<Wait>,
}
