//! What the site should not have: files of suites that it does not show, and of names that its suites do not hold.

use std::collections::BTreeSet;

use archive_site::{BROWSE, package_folder, suite_folder};
use archive_storage::store::StoreError;

use super::record::SiteRecord;
use super::{has_pages, root};
use crate::archive::Archive;
use crate::config::Suite;
use archive_catalog::CatalogError;

/// Why the files of the site cannot be compared with the catalog.
#[derive(Debug, thiserror::Error)]
pub enum SiteStraysError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// How the files of the site of a suite differ from what is published.
#[derive(Debug, Default)]
pub(crate) struct SiteStrays {
    /// Files of names that the suite does not hold, below the root.
    pub(crate) files: Vec<String>,
    /// Pages of packages that are published and have none.
    pub(crate) missing: Vec<String>,
}

/// Returns the files of the site that are of no suite that it shows.
pub(crate) fn strays(archive: &Archive) -> Result<Vec<String>, SiteStraysError> {
    let mut strays = Vec::new();
    let files = archive.files();
    let is_enabled = is_enabled(archive);
    // Without a site, files of such names are somebody's own unless this machine wrote them.
    let is_noted = root::is_noted(archive);
    for folder in files.folders(BROWSE)? {
        let mut suites = archive.config().suites.iter();
        let is_shown = suites.any(|suite| suite.codename.as_str() == folder && is_shown(archive, suite));
        let is_left = match folder.as_str() {
            "_assets" => !is_enabled && is_noted,
            _ => !is_shown && has_pages(archive, &folder)?,
        };
        if is_left {
            strays.extend(files.list(&suite_folder(&folder))?.into_keys());
        }
    }
    if !is_enabled && is_noted {
        for path in archive_site::ROOT {
            if files.head(path)?.is_some() {
                strays.push(path.to_owned());
            }
        }
    }
    Ok(strays)
}

fn is_enabled(archive: &Archive) -> bool {
    archive.config().site.as_ref().is_some_and(|site| site.enabled)
}

fn is_shown(archive: &Archive, suite: &Suite) -> bool {
    is_enabled(archive) && !suite.private
}

/// Says whether this machine began to write the pages of a suite, or to take them down, and came to no end.
pub(in crate::publish) fn is_unfinished(archive: &Archive, suite: &Suite) -> bool {
    SiteRecord::of(archive, &suite.codename).is_unfinished(is_shown(archive, suite))
}

/// Compares the names of the pages of a suite with what is published of it.
pub(crate) fn strays_of(archive: &Archive, suite: &Suite) -> Result<SiteStrays, SiteStraysError> {
    let mut strays = SiteStrays::default();
    if !is_shown(archive, suite) {
        return Ok(strays);
    }
    let catalog = archive.catalog();
    let now = catalog.snapshot(&suite.codename, suite.pool_tree(), None)?;
    let Some(published) = now.state().publication.clone() else {
        return Ok(strays);
    };
    let snapshot = catalog.snapshot(&suite.codename, suite.pool_tree(), Some(published.revision))?;
    let codename = suite.codename.as_str();
    let is_listed = |package: &archive_catalog::SnapshotPackage| {
        suite.takes(&package.architecture) && suite.components.contains(&package.component)
    };
    let packages = snapshot.packages()?.into_iter();
    let named: BTreeSet<String> = packages
        .filter(is_listed)
        .map(|package| package_folder(codename, package.name.as_str()))
        .collect();
    let folder = suite_folder(codename);
    let mut found = BTreeSet::new();
    for name in archive.files().folders(&folder)? {
        let path = format!("{folder}/{name}");
        let is_of_suite = ["_all", "_newest", "_search", "_section", "_sitemap"].contains(&name.as_str());
        if !is_of_suite && !named.contains(&path) {
            strays.files.extend(archive.files().list(&path)?.into_keys());
        }
        found.insert(path);
    }
    strays.missing.extend(
        named
            .difference(&found)
            .map(|folder| format!("{folder}/index.html")),
    );
    Ok(strays)
}
