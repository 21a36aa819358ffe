//! Applying retention: old versions, old generations of indexes, and pool files that nothing names.
//!
//! The catalog forgets first and the files go second, so that a prune that is cut off leaves files without rows,
//! which the next one finds, and never rows without files. Runs while no suite is published and nothing is added.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::FlockOperation;
use walkdir::WalkDir;

use crate::archive::Archive;
use crate::config::Suite;
use crate::publish::Live;
use archive_catalog::{CatalogError, PruneMode, PruneResult, Publication, Retention};
use archive_index::IndexManifest;
use archive_storage::STATE;

/// Why an archive cannot be pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
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
    /// Versions that left their suite; the next publish shows it.
    pub forgotten: PruneResult,
    /// Files that were deleted, below the root, and why.
    pub deleted: Vec<(String, &'static str)>,
}

impl Archive {
    /// Prunes, or with [`PruneMode::DryRun`] says what a prune would do.
    pub fn prune(&self, pruning: PruneMode, now: i64) -> Result<Pruned, PruneError> {
        let mut locks = Vec::new();
        for suite in &self.config().suites {
            locks.push(self.prune_lock(&format!("publish-{}.lock", suite.codename))?);
        }
        locks.push(self.prune_lock("pool.lock")?);
        let retentions: Vec<Retention> = self
            .config()
            .suites
            .iter()
            .map(|suite| retention(suite, now))
            .collect();
        let forgotten = self.catalog().prune(&retentions, now, pruning)?;
        let mut deleted: Vec<(String, &'static str)> = forgotten
            .files
            .iter()
            .map(|path| (path.clone(), "no index that is kept names it"))
            .collect();
        self.orphans(&forgotten, &mut deleted)?;
        for suite in &self.config().suites {
            self.by_hash(suite, now, &mut deleted)?;
        }
        self.chunks(&mut deleted)?;
        if pruning == PruneMode::Done {
            for (path, _) in &deleted {
                self.delete(path)?;
            }
        }
        Ok(Pruned { forgotten, deleted })
    }

    fn prune_lock(&self, name: &str) -> Result<File, PruneError> {
        self.lock(name, FlockOperation::LockExclusive)
            .map_err(|source| failed("lock", &self.root().join(STATE).join(name), source))
    }

    /// Finds pool files without a row: what was cut off between its link and its row.
    fn orphans(
        &self,
        forgotten: &PruneResult,
        deleted: &mut Vec<(String, &'static str)>,
    ) -> Result<(), PruneError> {
        let rows = self.catalog().pool_files()?;
        let known: BTreeSet<&str> = rows
            .iter()
            .map(|row| row.path.as_str())
            .chain(forgotten.files.iter().map(String::as_str))
            .collect();
        let trees: BTreeSet<PathBuf> = self
            .config()
            .suites
            .iter()
            .map(|suite| self.tree(suite))
            .chain([self.root().to_owned()])
            .collect();
        for pool in trees
            .iter()
            .map(|tree| tree.join("pool"))
            .filter(|pool| pool.is_dir())
        {
            for entry in WalkDir::new(&pool).min_depth(2).sort_by_file_name() {
                let entry = entry.map_err(|error| failed("list", &pool, error.into()))?;
                let path = self.below_root(entry.path());
                if entry.file_type().is_file() && !known.contains(path.as_str()) {
                    deleted.push((path, "the catalog does not know it"));
                }
            }
        }
        Ok(())
    }

    /// Finds by-hash files of generations that are not kept.
    fn by_hash(
        &self,
        suite: &Suite,
        now: i64,
        deleted: &mut Vec<(String, &'static str)>,
    ) -> Result<(), PruneError> {
        let dists = self.tree(suite).join("dists").join(suite.codename.as_str());
        let publications = self.catalog().publications(&suite.codename)?;
        let mut kept: BTreeSet<String> = Live::read(&self.tree(suite), &suite.codename)
            .listed()
            .map(|(path, sha256)| by_hash_path(path, &sha256.to_string()))
            .collect();
        for (at, publication) in publications.iter().enumerate() {
            if at < suite.keep_generations as usize
                || was_live_within(publication, suite.keep_generations_for.seconds(), now)
            {
                kept.extend(
                    publication
                        .files
                        .iter()
                        .map(|file| by_hash_path(&file.path, &file.sha256.to_string())),
                );
            }
        }
        for entry in WalkDir::new(&dists)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
        {
            let below = entry
                .path()
                .strip_prefix(&dists)
                .unwrap_or(entry.path())
                .to_string_lossy()
                .into_owned();
            // A publish that was cut off left files that no publication names; a young one may be what a client was
            // about to fetch.
            let old = || age(entry.path(), now) > suite.keep_generations_for.seconds();
            if entry.file_type().is_file()
                && below.contains("by-hash/SHA256/")
                && !kept.contains(&below)
                && old()
            {
                deleted.push((
                    self.below_root(entry.path()),
                    "no generation that is kept names it",
                ));
            }
        }
        Ok(())
    }

    /// Finds cached chunks that no index is made of.
    fn chunks(&self, deleted: &mut Vec<(String, &'static str)>) -> Result<(), PruneError> {
        let state = self.root().join(STATE);
        let manifests = WalkDir::new(state.join("indexes"))
            .into_iter()
            .filter_map(Result::ok);
        let used: BTreeSet<String> = manifests
            .filter(|entry| entry.file_type().is_file())
            .filter_map(|entry| IndexManifest::read(entry.path()))
            .flat_map(|manifest| manifest.chunks().map(ToString::to_string).collect::<Vec<_>>())
            .collect();
        for entry in WalkDir::new(state.join("chunks"))
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
        {
            if entry.file_type().is_file() && !used.contains(&*entry.file_name().to_string_lossy()) {
                deleted.push((self.below_root(entry.path()), "no index is made of it"));
            }
        }
        Ok(())
    }

    /// Deletes a file, and the folders that it leaves empty, below `pool/` and `state/`.
    fn delete(&self, path: &str) -> Result<(), PruneError> {
        let file = self.root().join(path);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("delete", &file, error));
            }
            _ => {}
        }
        let parents = file
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.parent().is_some_and(|above| above != self.root()));
        for folder in parents {
            // Fails, as it should, where something is left in it.
            if path.contains("by-hash/") || std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn below_root(&self, path: &Path) -> String {
        path.strip_prefix(self.root())
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
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

fn was_live_within(publication: &Publication, seconds: i64, now: i64) -> bool {
    publication.superseded_at.is_none_or(|at| now - at <= seconds)
}

fn by_hash_path(path: &str, digest: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/by-hash/SHA256/{digest}")
}

/// Returns the seconds since a file was last changed; a file of the future is young.
fn age(path: &Path, now: i64) -> i64 {
    let modified = path.symlink_metadata().and_then(|found| found.modified()).ok();
    let seconds = modified
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map(|since| since.as_secs());
    seconds
        .and_then(|seconds| i64::try_from(seconds).ok())
        .map_or(0, |at| now - at)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> PruneError {
    PruneError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
