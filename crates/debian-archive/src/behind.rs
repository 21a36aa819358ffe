//! A catalog that is older than what is served: one that was restored from a backup, say.
//!
//! Publishing from it would take from clients what came after the backup, and pruning would delete it.

use archive_catalog::{CatalogError, Snapshot};
use debian_control::digest::Sha256;

use crate::archive::Archive;
use crate::config::Suite;
use crate::indexed_file::IndexedFile;
use crate::live_release::LiveRelease;
use crate::published_tree;

/// How far back the history of a name is looked through.
pub(crate) const HISTORY: u32 = 100_000;

/// Returns what is served of a suite and was never in it, as far as the catalog knows.
///
/// Cheap wherever the catalog has recorded what is served. A publisher that was killed before it came to that leaves a newer Release,
/// too, but none with packages that the catalog does not know.
pub(crate) fn unknown(
    archive: &Archive,
    suite: &Suite,
    snapshot: &dyn Snapshot,
    live: &LiveRelease,
) -> Result<Vec<IndexedFile>, CatalogError> {
    let state = snapshot.state();
    let Some(release) = live.release().filter(|_| live.date() > state.last_date) else {
        return Ok(Vec::new());
    };
    // What of it cannot be read is replaced.
    let named = published_tree::named(archive.files(), &archive.dists(suite), release, &mut Vec::new());
    let mut held: Vec<Sha256> = snapshot
        .packages()?
        .iter()
        .map(|package| package.sha256)
        .collect();
    held.sort_unstable();
    let mut unknown = Vec::new();
    for file in named {
        if held.binary_search(&file.sha256).is_err() {
            let history = snapshot.history(&file.name, HISTORY)?;
            let was_held = history.iter().any(|past| past.content.sha256 == file.sha256);
            if !was_held {
                unknown.push(file);
            }
        }
    }
    Ok(unknown)
}
