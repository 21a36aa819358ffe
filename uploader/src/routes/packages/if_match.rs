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
    let shown = |only| wire::package(&lookup::as_said_by(app, caller, id, only)?);
    wire::check_if_match(headers, &shown(only)?)
}

/// Checks both for a removal, which may come with the tag of the whole package as well as with that of the suite that it names.
pub(crate) fn check_if_match_of_any(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
    only: Option<&Suite>,
) -> Result<(), Problem> {
    let whole = check_if_match(app, caller, headers, id, None);
    // Who may not read the suite learns nothing of what it says.
    match only.filter(|suite| caller.reads(suite)) {
        Some(only) if whole.is_err() => check_if_match(app, caller, headers, id, Some(only)),
        _ => whole,
    }
}
