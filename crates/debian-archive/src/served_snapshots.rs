//! The pinned states of a suite, as they are served, beside those that the catalog knows.

use archive_catalog::{CatalogError, Retained, SnapshotId};
use archive_storage::store::StoreError;

use crate::archive::{Archive, suite_dists};
use crate::config::Suite;

/// Returns the snapshots of a suite that are served, oldest first.
pub(crate) fn served_snapshots(archive: &Archive, suite: &Suite) -> Result<Vec<SnapshotId>, StoreError> {
    let files = archive.files();
    let names = files.folders(&format!("{}snapshots", suite.tree()))?;
    let mut ids = Vec::new();
    // Whatever has another name is no snapshot.
    for id in names.iter().filter_map(|name| name.parse::<SnapshotId>().ok()) {
        let dists = suite_dists(&archive.snapshot_tree(suite, &id), &suite.codename);
        if files.head(&format!("{dists}/InRelease"))?.is_some() {
            ids.push(id);
        }
    }
    ids.sort();
    Ok(ids)
}

/// Returns the snapshots of a suite that are served and that the catalog does not have as pinned: it is older than they are.
pub(crate) fn unknown_snapshots<E>(archive: &Archive, suite: &Suite) -> Result<Vec<SnapshotId>, E>
where
    E: From<CatalogError> + From<StoreError>,
{
    let mut served = served_snapshots(archive, suite)?;
    if !served.is_empty() {
        let states = archive.catalog().states(&suite.codename)?;
        let is_pinned = |id: &SnapshotId| {
            let mut states = states.iter();
            states.any(|state| state.kept == Retained::Pinned && state.id == *id)
        };
        served.retain(|id| !is_pinned(id));
    }
    Ok(served)
}
