//! A catalog that is older than what is served: one that was restored from a backup, say.
//!
//! Publishing from it would take from clients what came after the backup, and pruning would delete it.

use std::collections::HashSet;
use std::fmt;

use archive_catalog::{CatalogError, Snapshot, SnapshotPackage};
use debian_control::counted::counted;
use debian_control::digest::Sha256;
use debian_control::release::Release;

use crate::archive::Archive;
use crate::config::Suite;
use crate::indexed_file::IndexedFile;
use crate::live_release::LiveRelease;
use crate::published_tree;

/// How far back the history of a name is looked through.
pub(crate) const HISTORY: u32 = 100_000;

/// What tells of a suite that the catalog is older than what is served of it.
#[derive(Debug)]
pub enum Behind {
    /// Packages are served that were never in it, as far as the catalog knows.
    Unknown {
        /// How many.
        packages: usize,
        /// The path of one of them, below the root of the suite's tree.
        first: String,
    },
    /// Packages are not served that were in it when the catalog recorded a publication last, and since.
    Removed {
        /// How many.
        packages: usize,
        /// Name and version of one of them.
        first: String,
    },
}

impl fmt::Display for Behind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { packages, first } => write!(
                formatter,
                "with {} that the catalog never had in it, such as `{first}`",
                counted(*packages, "package")
            ),
            Self::Removed { packages, first } => write!(
                formatter,
                "without {} that nobody removed although they were published, as far as the catalog knows, such as `{first}`",
                counted(*packages, "package")
            ),
        }
    }
}

/// Compares what is served of a suite with the catalog; `None` where that knows how it came to be.
///
/// Cheap wherever the catalog has recorded what is served. A publisher that was killed before it came to that leaves a newer Release,
/// too, but one of a state that the catalog knows.
pub(crate) fn behind(
    archive: &Archive,
    suite: &Suite,
    snapshot: &dyn Snapshot,
    live: &LiveRelease,
) -> Result<Option<Behind>, CatalogError> {
    let state = snapshot.state();
    let Some(release) = live.release().filter(|_| live.date() > state.last_date) else {
        return Ok(None);
    };
    let mut problems = Vec::new();
    let served = published_tree::named(archive.files(), &archive.dists(suite), release, &mut problems);
    let held = snapshot.packages()?;
    let unknown = unknown(snapshot, &served, &held)?;
    if let Some(first) = unknown.first() {
        return Ok(Some(Behind::Unknown {
            packages: unknown.len(),
            first: first.filename.clone(),
        }));
    }
    // What of it cannot be read is replaced, and says nothing of what is not served.
    let (Some(publication), true) = (&state.publication, problems.is_empty()) else {
        return Ok(None);
    };
    let removed = removed(snapshot, publication.revision, &served, &held, release)?;
    Ok(removed.first().map(|first| Behind::Removed {
        packages: removed.len(),
        first: format!("{} {}", first.name, first.version),
    }))
}

fn unknown<'s>(
    snapshot: &dyn Snapshot,
    served: &'s [IndexedFile],
    held: &[SnapshotPackage],
) -> Result<Vec<&'s IndexedFile>, CatalogError> {
    let held: HashSet<Sha256> = held.iter().map(|package| package.sha256).collect();
    let mut unknown = Vec::new();
    for file in served.iter().filter(|file| !held.contains(&file.sha256)) {
        let history = snapshot.history(&file.name, HISTORY)?;
        if !history.iter().any(|past| past.content.sha256 == file.sha256) {
            unknown.push(file);
        }
    }
    Ok(unknown)
}

fn removed<'h>(
    snapshot: &dyn Snapshot,
    published: i64,
    served: &[IndexedFile],
    held: &'h [SnapshotPackage],
    release: &Release,
) -> Result<Vec<&'h SnapshotPackage>, CatalogError> {
    let served: HashSet<Sha256> = served.iter().map(|file| file.sha256).collect();
    let mut removed = Vec::new();
    let missing = held.iter().filter(|package| !served.contains(&package.sha256));
    for package in missing.filter(|package| is_indexed(release, package)) {
        let history = snapshot.history(&package.name, HISTORY)?;
        let was_published = history.iter().any(|past| {
            past.content.sha256 == package.sha256
                && past.removed.is_none()
                && past.added_revision <= published
        });
        if was_published {
            removed.push(package);
        }
    }
    Ok(removed)
}

/// Says whether a package belongs into one of the indexes of a Release.
pub(crate) fn is_indexed(release: &Release, package: &SnapshotPackage) -> bool {
    let has = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
    has(&release.components, package.component.as_str())
        && (package.architecture.is_all() || has(&release.architectures, package.architecture.as_str()))
}
