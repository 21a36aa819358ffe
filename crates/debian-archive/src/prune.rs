//! Applying retention: old versions, old generations of indexes, and pool files that nothing names.
//!
//! Rows are deleted first and files second, so that an interrupted prune leaves files without rows,
//! which the next one finds, and never rows without files. On this machine no suite is published and nothing is added meanwhile. Other
//! machines go on: a file that one of them is about to place is condemned before it is deleted, and by-hash files are deleted under
//! the lease of their suite.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::name::SuiteName;
use debian_control::release::{BY_HASH, by_hash_path};
use rustix::fs::FlockOperation;
use walkdir::{DirEntry, WalkDir};

use crate::archive::{Archive, suite_dists};
use crate::behind::{self, Behind};
use crate::config::Suite;
use crate::other_archive::{self, OtherArchive};
use crate::publish::{
    LiveError, LiveRelease, SiteStraysError, SuiteLease, is_catalog_lost, site_strays, site_strays_of,
};
use crate::served_snapshots::unknown_snapshots;
use crate::upload_queue::STAGED;
use archive_catalog::{CatalogError, PruneMode, PruneResult, Publication, Retention, SnapshotId};
use archive_index::{IndexManifest, ManifestError};
use archive_storage::STATE;
use archive_storage::store::{FileHead, StoreError};

/// How long a file may lie in the pool of a bucket before it has a row, or be staged, in seconds: longer than any upload takes.
const UNPLACED: i64 = 24 * 3600;
/// How many by-hash files are deleted between two looks at the lease of their suite.
const BETWEEN_LOOKS: usize = 20;

/// Why an archive cannot be pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The catalog knows nothing of a suite that is served with packages.
    #[error("nothing is pruned: suite `{0}` is served with packages, and the catalog knows nothing of it")]
    CatalogLost(SuiteName),
    /// The catalog is older than what is served of a suite.
    #[error("nothing is pruned: suite `{suite}` is served {behind}")]
    CatalogBehind {
        /// Codename.
        suite: SuiteName,
        /// What tells so.
        behind: Behind,
    },
    /// Store and catalog are not of one archive.
    #[error("nothing is pruned")]
    OtherArchive(#[source] OtherArchive),
    /// A suite was published, and the store does not serve it.
    #[error("nothing is pruned: suite `{suite}` was published, and is not served in `{store}`")]
    NotServed {
        /// Codename.
        suite: SuiteName,
        /// The store.
        store: String,
    },
    /// A snapshot is served of which the catalog knows nothing: it is older.
    #[error(
        "nothing is pruned: snapshot `{id}` of suite `{suite}` is served, and the catalog does not know it"
    )]
    UnknownSnapshot {
        /// Codename.
        suite: SuiteName,
        /// Its name.
        id: SnapshotId,
    },
    /// A publish of a suite is under way on another machine, or was cut off.
    #[error("nothing is pruned: what is served of suite `{0}` is not recorded in the catalog yet")]
    NotRecorded(SuiteName),
    /// The live Release of a suite cannot be read, so that it is unknown which by-hash files it names.
    #[error("cannot prune the by-hash files of suite `{suite}`")]
    Live {
        /// Codename.
        suite: SuiteName,
        /// The cause.
        source: LiveError,
    },
    /// A manifest cannot be read, so that it is unknown which chunks it names.
    #[error("cannot prune cached chunks")]
    Manifest(#[source] ManifestError),
    /// The store of the archive's files does not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of the site cannot be compared with what is published.
    #[error(transparent)]
    Site(#[from] SiteStraysError),
    /// A file or folder cannot be read, locked or deleted.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// What a prune did, or would do.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Versions that were removed from their suite; the next publish leaves them out.
    pub forgotten: PruneResult,
    /// Files that were deleted, below the root, and why.
    pub deleted: Vec<(String, &'static str)>,
    /// What was not pruned, because a file that may reference it cannot be read. The rest was pruned.
    pub failures: Vec<PruneError>,
}

/// Files to delete, below the root, and why.
type Deletions = Vec<(String, &'static str)>;

/// Returns the files that the catalog needs no more.
fn unneeded(forgotten: &PruneResult) -> Deletions {
    let files = forgotten.files.iter();
    files
        .map(|path| (path.clone(), "not listed in any retained index"))
        .collect()
}

impl Archive {
    /// Prunes, or with [`PruneMode::DryRun`] returns what a prune would do: then it waits for nobody and nobody for it, so that a file which
    /// is being placed at that moment may be among those that nothing names.
    pub fn prune(&self, mode: PruneMode, now: i64) -> Result<Pruned, PruneError> {
        let _locks = match mode {
            PruneMode::Delete => self.prune_locks()?,
            PruneMode::DryRun => Vec::new(),
        };
        let (forgotten, mut failures) = self.forget(mode, now)?;
        let found = [
            self.prune_pool(&forgotten, mode, now),
            self.prune_staged(mode, now),
            self.prune_chunks(mode),
            self.prune_site(mode),
        ];
        let by_hash = self
            .config()
            .suites
            .iter()
            .map(|suite| self.under_lease(suite, mode, || self.by_hash(suite, now)));
        let mut deleted = Vec::new();
        let pages = self
            .config()
            .suites
            .iter()
            .map(|suite| self.under_lease(suite, mode, || self.pages(suite)));
        for part in found.into_iter().chain(by_hash).chain(pages) {
            match part {
                Ok(more) => deleted.extend(more),
                Err(error) => failures.push(error),
            }
        }
        Ok(Pruned {
            forgotten,
            deleted,
            failures,
        })
    }

    /// Returns what a prune would do by the catalog alone: files that are in no row are not looked for, so that no folder is listed.
    pub fn retention_preview(&self, now: i64) -> Result<Pruned, PruneError> {
        let (forgotten, failures) = self.forget(PruneMode::DryRun, now)?;
        Ok(Pruned {
            deleted: unneeded(&forgotten),
            forgotten,
            failures,
        })
    }

    /// Has the catalog forget what the retention of each suite lets go, or say what that is; with what could not be looked at.
    fn forget(&self, mode: PruneMode, now: i64) -> Result<(PruneResult, Vec<PruneError>), PruneError> {
        let mut failures = Vec::new();
        match self.refuse_a_lost_catalog() {
            // Publishes go on meanwhile.
            Err(error @ PruneError::NotRecorded(_)) if mode == PruneMode::DryRun => failures.push(error),
            checked => checked?,
        }
        let suites = self.config().suites.iter();
        let retentions: Vec<Retention> = suites.map(|suite| retention(suite, now)).collect();
        Ok((self.catalog().prune(&retentions, now, mode)?, failures))
    }

    /// Keeps publishes and commits of this machine out.
    fn prune_locks(&self) -> Result<Vec<File>, PruneError> {
        let suites = self.config().suites.iter();
        let names = suites.map(|suite| format!("publish-{}.lock", suite.codename));
        names
            .chain(["pool.lock".to_owned()])
            .map(|name| self.prune_lock(&name))
            .collect()
    }

    fn prune_lock(&self, name: &str) -> Result<File, PruneError> {
        self.lock(name, FlockOperation::LockExclusive)
            .map_err(|source| failed("lock", &self.local().join(STATE).join(name), source))
    }

    /// Refuses to prune by a catalog that is empty or older than what is served: what it does not know is not of no use for that
    /// reason.
    fn refuse_a_lost_catalog(&self) -> Result<(), PruneError> {
        for suite in &self.config().suites {
            let live = LiveRelease::read(self.files(), &suite.tree(), &suite.codename).map_err(|source| {
                PruneError::Live {
                    suite: suite.codename.clone(),
                    source,
                }
            });
            let snapshot = self
                .catalog()
                .snapshot(&suite.codename, suite.pool_tree(), None)?;
            // One that cannot be read stops the prune of what it may name, below.
            let Ok(live) = live else { continue };
            if is_catalog_lost(snapshot.state(), &live) {
                return Err(PruneError::CatalogLost(suite.codename.clone()));
            }
            let other = other_archive::find::<PruneError>(self, suite, (snapshot.as_ref(), &live), None)?;
            if let Some(other) = other {
                return Err(PruneError::OtherArchive(other));
            }
            if let Some(behind) = behind::behind(self, suite, snapshot.as_ref(), &live)? {
                return Err(PruneError::CatalogBehind {
                    suite: suite.codename.clone(),
                    behind,
                });
            }
            if let Some(id) = unknown_snapshots::<PruneError>(self, suite)?.into_iter().next() {
                let suite = suite.codename.clone();
                return Err(PruneError::UnknownSnapshot { suite, id });
            }
            // What it names may be in no publication that the catalog knows.
            let recorded = snapshot.state().publication.as_ref();
            let recorded = recorded.map(|publication| publication.inrelease);
            match (live.inrelease(), recorded) {
                // What lies there then may be all that another archive has.
                (None, Some(_)) => {
                    return Err(PruneError::NotServed {
                        suite: suite.codename.clone(),
                        store: self.files().address().to_owned(),
                    });
                }
                (Some(served), recorded) if recorded != Some(served) => {
                    return Err(PruneError::NotRecorded(suite.codename.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes what the catalog forgot, and what it never knew.
    fn prune_pool(
        &self,
        forgotten: &PruneResult,
        mode: PruneMode,
        now: i64,
    ) -> Result<Deletions, PruneError> {
        let mut found = unneeded(forgotten);
        found.extend(self.orphans(forgotten, now)?);
        if mode == PruneMode::Delete {
            let paths: Vec<String> = found.iter().map(|(path, _)| path.clone()).collect();
            let deleted: BTreeSet<String> =
                self.delete_from_pool::<PruneError>(&paths)?.into_iter().collect();
            found.retain(|(path, _)| deleted.contains(path));
        }
        Ok(found)
    }

    /// Finds pool files without a row, which an interrupted ingest left.
    fn orphans(&self, forgotten: &PruneResult, now: i64) -> Result<Deletions, PruneError> {
        let trees = self.config().suites.iter().map(Suite::tree);
        let trees: BTreeSet<String> = trees.chain([String::new()]).collect();
        // First: what a dry run finds has its row by then, but for what is placed in just this moment.
        let mut listed = Vec::with_capacity(trees.len());
        for tree in &trees {
            let pool = format!("{tree}pool");
            let files = self.files().list(&pool)?;
            listed.push((pool, files));
        }
        let rows = self.catalog().pool_paths()?;
        let known: HashSet<&str> = rows
            .iter()
            .map(String::as_str)
            .chain(forgotten.files.iter().map(String::as_str))
            .collect();
        let mut deleted = Vec::new();
        for (pool, files) in listed {
            for (path, head) in files {
                // What stands in `pool/` itself is no package.
                let is_deep = path
                    .strip_prefix(&pool)
                    .is_some_and(|below| below.matches('/').count() > 1);
                let is_young = self.files().folder().is_none() && now - head.modified < UNPLACED;
                if is_deep && !is_young && !known.contains(path.as_str()) {
                    deleted.push((path, "not in the catalog"));
                }
            }
        }
        Ok(deleted)
    }

    /// Deletes files on their way in that nobody will finish: those of queued files without a row, claims of names, and
    /// uploads in parts.
    fn prune_staged(&self, mode: PruneMode, now: i64) -> Result<Deletions, PruneError> {
        // First: what is queued meanwhile is young.
        let staged = self.files().list(STAGED)?;
        let mut queued: BTreeSet<String> = self.upload_queue().queued_paths()?.into_iter().collect();
        queued.extend(self.resumable_uploads().part_paths()?);
        let left = staged
            .into_iter()
            .filter(|(path, head)| !queued.contains(path) && now - head.modified >= UNPLACED);
        let left: Deletions = left
            .map(|(path, _)| (path, "staged by an upload that ended"))
            .collect();
        if mode == PruneMode::Delete {
            for (path, _) in &left {
                self.files().give_up(path)?;
            }
        }
        Ok(left)
    }

    /// Deletes what is found to be of no use to a suite, while nobody publishes it.
    fn under_lease(
        &self,
        suite: &Suite,
        mode: PruneMode,
        find: impl Fn() -> Result<Deletions, PruneError>,
    ) -> Result<Deletions, PruneError> {
        if mode == PruneMode::DryRun {
            return find();
        }
        let lease = SuiteLease::take(self.catalog(), &suite.codename)?;
        lease.during(|| {
            let found = find()?;
            for some in found.chunks(BETWEEN_LOOKS) {
                // A publisher may rely on such a file again as soon as the lease is gone.
                if !lease.is_held()? {
                    return Err(CatalogError::LeaseLost(suite.codename.clone()).into());
                }
                self.delete_all(some, mode)?;
            }
            Ok(found)
        })
    }

    /// Deletes the pages of suites that the site does not show.
    fn prune_site(&self, mode: PruneMode) -> Result<Deletions, PruneError> {
        let found = no_longer_shown(site_strays(self)?);
        self.delete_all(&found, mode)?;
        Ok(found)
    }

    /// Finds pages of packages that a suite does not hold.
    fn pages(&self, suite: &Suite) -> Result<Deletions, PruneError> {
        Ok(no_longer_shown(site_strays_of(self, suite)?))
    }

    /// Finds by-hash files of generations that are not retained.
    fn by_hash(&self, suite: &Suite, now: i64) -> Result<Deletions, PruneError> {
        // How many names stand before a path below the folder of the suite.
        let names = self.dists(suite).split('/').count();
        let publications = self.catalog().publications(&suite.codename)?;
        let live = LiveRelease::read(self.files(), &suite.tree(), &suite.codename).map_err(|source| {
            PruneError::Live {
                suite: suite.codename.clone(),
                source,
            }
        })?;
        let mut kept: BTreeSet<String> = live
            .listed()
            .map(|(path, sha256)| by_hash_path(path, sha256))
            .collect();
        for (at, publication) in publications.iter().enumerate() {
            if at < suite.keep_generations as usize
                || was_live_within(publication, suite.keep_generations_for.seconds(), now)
            {
                kept.extend(
                    publication
                        .files
                        .iter()
                        .map(|file| by_hash_path(&file.path, &file.sha256)),
                );
            }
        }
        let mut deleted = Vec::new();
        for (path, head) in self.served_files(suite)? {
            let Some(below) = path.splitn(names + 1, '/').nth(names) else {
                continue;
            };
            // A publish that was cut off left files that no publication names; a young one may be what a client was
            // about to fetch.
            if below.contains(BY_HASH)
                && !kept.contains(below)
                && now.saturating_sub(head.modified) > suite.keep_generations_for.seconds()
            {
                deleted.push((path, "not listed in any retained generation"));
            }
        }
        Ok(deleted)
    }

    /// Returns what is served of a suite under its codename, and under its alias where that is a copy.
    fn served_files(&self, suite: &Suite) -> Result<BTreeMap<String, FileHead>, StoreError> {
        let mut files = self.files().list(&self.dists(suite))?;
        let alias = suite.alias.as_ref().filter(|alias| **alias != suite.codename);
        if let (Some(alias), None) = (alias, self.files().folder()) {
            files.extend(self.files().list(&suite_dists(&suite.tree(), alias))?);
        }
        Ok(files)
    }

    fn prune_chunks(&self, mode: PruneMode) -> Result<Deletions, PruneError> {
        let found = self.chunks()?;
        if mode == PruneMode::Delete {
            for (path, _) in &found {
                self.delete_cached(path)?;
            }
        }
        Ok(found)
    }

    /// Finds cached chunks that are part of no index.
    fn chunks(&self) -> Result<Deletions, PruneError> {
        let state = self.local().join(STATE);
        let used = chunks_in_use(&state.join("indexes"))?;
        let mut deleted = Vec::new();
        for file in files(&state.join("chunks"), 1)? {
            if !used.contains(&*file.file_name().to_string_lossy()) {
                let below = file.path().strip_prefix(self.local()).unwrap_or(file.path());
                deleted.push((below.to_string_lossy().into_owned(), "not part of any index"));
            }
        }
        Ok(deleted)
    }

    /// Deletes files of the store.
    fn delete_all(&self, found: &[(String, &'static str)], mode: PruneMode) -> Result<(), PruneError> {
        if mode == PruneMode::Delete {
            let paths: Vec<String> = found.iter().map(|(path, _)| path.clone()).collect();
            self.files().delete_all(&paths)?;
        }
        Ok(())
    }

    /// Deletes a file of this machine below `state/`.
    fn delete_cached(&self, path: &str) -> Result<(), PruneError> {
        let file = self.local().join(path);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", &file, error)),
            _ => Ok(()),
        }
    }
}

impl Suite {
    /// Returns for how many seconds a publish that another took the place of stays in the catalog at least.
    pub fn publications_kept_for(&self) -> i64 {
        self.keep_snapshots_for
            .seconds()
            .max(self.keep_generations_for.seconds())
            .max(self.keep_removed_for.seconds())
    }
}

/// Returns what a suite's settings mean at a time.
fn retention(suite: &Suite, now: i64) -> Retention {
    Retention {
        suite: suite.codename.clone(),
        keep_versions: suite.keep_versions,
        keep_generations: suite.keep_generations,
        publications_until: now - suite.publications_kept_for(),
        removed_until: now - suite.keep_removed_for.seconds(),
    }
}

fn no_longer_shown(paths: Vec<String>) -> Deletions {
    let named = paths.into_iter();
    named
        .map(|path| (path, "about nothing that the site shows"))
        .collect()
}

fn was_live_within(publication: &Publication, seconds: i64, now: i64) -> bool {
    publication.superseded_at.is_none_or(|at| now - at <= seconds)
}

/// Returns the names of the chunks that the manifests in a folder list.
fn chunks_in_use(manifests: &Path) -> Result<BTreeSet<String>, PruneError> {
    let mut used = BTreeSet::new();
    for file in files(manifests, 1)? {
        match IndexManifest::read(file.path()) {
            Ok(manifest) => used.extend(manifest.chunks().map(ToString::to_string)),
            // No build of this version reads it: the next one replaces it, and makes its chunks again.
            Err(ManifestError::OtherFormat { .. }) => {}
            Err(error) => return Err(PruneError::Manifest(error)),
        }
    }
    Ok(used)
}

/// Returns the files below a folder, by name, from `min_depth` on; a missing folder has none.
///
/// Whatever else cannot be listed is an error: a file that was not seen may be the one that names what is to be deleted.
fn files(folder: &Path, min_depth: usize) -> Result<Vec<DirEntry>, PruneError> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).min_depth(min_depth).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => found.push(entry),
            Ok(_) => {}
            Err(error) if error.depth() == 0 && is_missing(&error) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                return Err(failed("list", &path, error.into()));
            }
        }
    }
    Ok(found)
}

fn is_missing(error: &walkdir::Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> PruneError {
    PruneError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_text::with_causes;

    #[test]
    fn a_manifest_that_cannot_be_read_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = folder.path().join("indexes");
        assert_eq!(chunks_in_use(&manifests).unwrap(), BTreeSet::new());
        std::fs::create_dir(&manifests).unwrap();
        let path = manifests.join("Packages.json");
        std::fs::write(&path, "cut off").unwrap();
        let error = chunks_in_use(&manifests).unwrap_err();
        assert!(
            with_causes(&error).contains(&*path.to_string_lossy()),
            "{}",
            with_causes(&error)
        );
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_an_error_and_one_that_is_missing_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(&folder.path().join("missing"), 1).unwrap().is_empty());
        // What is below a file cannot be listed, whoever asks.
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = files(&file.join("indexes"), 1).unwrap_err();
        assert!(error.to_string().contains("/file/indexes`"), "{error}");
    }
}
