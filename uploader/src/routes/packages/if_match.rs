//! `If-Match` and `If-None-Match` of a package.

use axum::http::HeaderMap;

use debian_archive::config::Suite;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::{lookup, wire};

/// Checks both against the package as `GET` shows it to this caller, with the suite that the request names.
pub(crate) fn check_if_match(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
    only: Option<&Suite>,
) -> Result<(), Problem> {
    if !wire::is_conditional(headers) {
        return Ok(());
    }
    wire::check_if_match(
        headers,
        &wire::package(&lookup::as_said_by(app, caller, id, only)?)?,
    )
}
