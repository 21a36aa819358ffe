//! The suites that a package is in.

use archive_catalog::Selection;
use archive_catalog::listing::ListedPackage;
use debian_archive::config::Suite;
use debian_control::name::SuiteName;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// Whose word on a package is meant.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PackageParams {
    /// Codename or alias of the one suite whose section, priority and tags are meant. Default: all suites of the package.
    pub(crate) suite: Option<String>,
}

impl PackageParams {
    /// Returns the suite that is named, when the caller may read it.
    pub(crate) fn only<'a>(&self, app: &'a App, caller: &Caller) -> Result<Option<&'a Suite>, Problem> {
        let named = self.suite.as_deref();
        named
            .map(|name| caller.readable_suite(app.archive.config(), name))
            .transpose()
    }
}

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
