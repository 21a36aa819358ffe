//! What a store serves in all, and whether that is of this archive.

use std::collections::HashSet;

use archive_storage::store::{FileStore, StoreError};
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::{LookError, OtherArchive, unknown_packages};
use crate::archive::{Archive, dists_folder, private_tree, suite_dists};
use crate::live_release::{LiveError, LiveRelease};

/// Finds a suite of another archive in a store that is to have a suite of this one: two archives may sign with one key.
///
/// None where a suite is served as the catalog recorded it. A publish that was cut off, or is under way for another suite, leaves a suite that the catalog has not recorded, but nothing in it
/// that the catalog never had; and neither does a mirror that is old.
pub(crate) fn other_suite<E: LookError>(
    archive: &Archive,
    store: &dyn FileStore,
) -> Result<Option<OtherArchive>, E> {
    let served = served_suites(store)?;
    if serves_what_was_recorded::<E>(archive, store, &served)? {
        return Ok(None);
    }
    for (tree, name) in served {
        if is_of_another::<E>(archive, store, (&tree, &name))? {
            let store = store.address().to_owned();
            return Ok(Some(OtherArchive::Suite { store, suite: name }));
        }
    }
    Ok(None)
}

fn is_of_another<E: LookError>(
    archive: &Archive,
    store: &dyn FileStore,
    (tree, name): (&str, &SuiteName),
) -> Result<bool, E> {
    let live = match LiveRelease::read(store, tree, name) {
        Ok(live) => live,
        Err(LiveError::Damaged { .. }) => return Ok(false),
        Err(LiveError::Read(error)) => return Err(error.into()),
    };
    if live.inrelease().is_none() {
        return Ok(false);
    }
    let mut suites = archive.config().suites.iter();
    let suite = suites.find(|suite| suite.codename == *name || suite.alias.as_ref() == Some(name));
    let codename = suite.map_or(name, |suite| &suite.codename);
    let progress = archive.catalog().progress()?;
    if suite.is_none() && !progress.iter().any(|progress| progress.suite == *codename) {
        return Ok(true);
    }
    // Of its packages only the digests are asked for, which are the same in each tree.
    let snapshot = archive.catalog().snapshot(codename, "", None)?;
    let dists = suite_dists(tree, name);
    let unknown = unknown_packages(store, (codename, &dists), (snapshot.as_ref(), &live))?;
    Ok(unknown.is_some())
}

/// Returns the trees and the names of all suites, and of copies of them, that a store serves.
pub(super) fn served_suites(files: &dyn FileStore) -> Result<Vec<(String, SuiteName)>, StoreError> {
    let names = |folder: &str| -> Result<Vec<SuiteName>, StoreError> {
        let names = files.folders(folder)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    };
    let private = names("private")?;
    let mut served = Vec::new();
    for tree in std::iter::once(String::new()).chain(private.iter().map(private_tree)) {
        let suites = names(&dists_folder(&tree))?;
        served.extend(suites.into_iter().map(|suite| (tree.clone(), suite)));
    }
    Ok(served)
}

/// Says whether one of these suites is served as the catalog recorded it.
pub(super) fn serves_what_was_recorded<E: LookError>(
    archive: &Archive,
    store: &dyn FileStore,
    served: &[(String, SuiteName)],
) -> Result<bool, E> {
    if served.is_empty() {
        return Ok(false);
    }
    let mut recorded = HashSet::new();
    for progress in archive.catalog().progress()? {
        let publications = archive.catalog().publications(&progress.suite)?;
        recorded.extend(publications.into_iter().map(|publication| publication.inrelease));
    }
    for (tree, suite) in served {
        let inrelease = store.read(&format!("{}/InRelease", suite_dists(tree, suite)))?;
        if inrelease.is_some_and(|inrelease| recorded.contains(&Sha256::of(&inrelease))) {
            return Ok(true);
        }
    }
    Ok(false)
}
