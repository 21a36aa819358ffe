//! The suites that a package is in.

use archive_catalog::Selection;
use archive_catalog::listing::ListedPackage;
use debian_archive::config::Suite;
use debian_control::name::SuiteName;

use crate::app::App;

/// Returns what means a package in a suite: in one suite, name, version and architecture are of one content.
pub(crate) fn selection(listed: &ListedPackage, suite: &SuiteName) -> Selection {
    let content = &listed.entry.content;
    Selection {
        suite: Some(suite.clone()),
        name: Some(content.name.clone()),
        version: Some(content.version.clone()),
        architecture: Some(content.architecture.clone()),
    }
}

/// Returns the suites that a package was found in, as far as the configuration still has them.
pub(crate) fn standing<'a>(
    app: &'a App,
    listed: &ListedPackage,
) -> impl Iterator<Item = &'a Suite> + use<'a> {
    let codenames: Vec<SuiteName> = listed
        .entry
        .suites
        .iter()
        .map(|(codename, _)| codename.clone())
        .collect();
    codenames
        .into_iter()
        .filter_map(|codename| app.archive.config().suite(codename.as_str()))
}
