//! What the configuration has the site show.

use crate::archive::Archive;
use crate::config::Suite;

/// Says whether there is to be a site.
pub(super) fn is_enabled(archive: &Archive) -> bool {
    archive.config().site.as_ref().is_some_and(|site| site.enabled)
}

/// Says whether it shows a suite.
pub(super) fn is_shown(archive: &Archive, suite: &Suite) -> bool {
    is_enabled(archive) && !suite.private
}
