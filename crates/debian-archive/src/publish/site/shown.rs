//! What the site should not have: files of suites that it does not show, and of names that its suites do not hold.

use std::collections::BTreeSet;

use archive_site::{BROWSE, package_folder, suite_folder};
use archive_storage::store::StoreError;

use super::record::SiteRecord;
use super::visibility::{is_enabled, is_shown};
use super::{has_pages, root};
use crate::archive::Archive;
use crate::config::Suite;
use archive_catalog::{CatalogError, Publication};

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

/// What is published of a suite that the site shows.
pub(super) struct PublishedNames {
    pub(super) publication: Publication,
    /// The folders of its packages.
    pub(super) folders: BTreeSet<String>,
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

/// Says whether this machine began to write the pages of a suite, or to take them down, and came to no end.
pub(in crate::publish) fn is_unfinished(archive: &Archive, suite: &Suite) -> bool {
    SiteRecord::of(archive, &suite.codename).is_unfinished(is_shown(archive, suite))
}

/// Returns the files of names that a suite does not hold, below the root.
pub(crate) fn strays_of(archive: &Archive, suite: &Suite) -> Result<Vec<String>, SiteStraysError> {
    let mut strays = Vec::new();
    let Some(published) = published_names(archive, suite)? else {
        return Ok(strays);
    };
    let folder = suite_folder(suite.codename.as_str());
    for name in archive.files().folders(&folder)? {
        let path = format!("{folder}/{name}");
        let is_of_suite = ["_all", "_newest", "_search", "_section", "_sitemap"].contains(&name.as_str());
        if !is_of_suite && !published.folders.contains(&path) {
            strays.extend(archive.files().list(&path)?.into_keys());
        }
    }
    Ok(strays)
}

/// Returns what is published of a suite; `None` where it is nothing, or not shown.
pub(super) fn published_names(
    archive: &Archive,
    suite: &Suite,
) -> Result<Option<PublishedNames>, SiteStraysError> {
    if !is_shown(archive, suite) {
        return Ok(None);
    }
    let catalog = archive.catalog();
    let now = catalog.snapshot(&suite.codename, suite.pool_tree(), None)?;
    let Some(publication) = now.state().publication.clone() else {
        return Ok(None);
    };
    let snapshot = catalog.snapshot(&suite.codename, suite.pool_tree(), Some(publication.revision))?;
    let codename = suite.codename.as_str();
    // As it was published, whatever the settings say since: while a publish is refused, what was there stays.
    let packages = snapshot.packages()?;
    let listed = packages
        .iter()
        .filter(|package| publication.shows(&package.component, &package.architecture));
    let folders = listed.map(|package| package_folder(codename, package.name.as_str()));
    let folders = folders.collect();
    Ok(Some(PublishedNames { folders, publication }))
}
