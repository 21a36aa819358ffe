//! Suites that stop being served in a tree: they went from the configuration, or became private, or public.
//!
//! Names come down before what they name, `InRelease` first, so that no client can begin what it cannot end.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::name::SuiteName;
use rustix::fs::FlockOperation;

use super::apply;
use super::error::{PublishError, write_error};
use super::refusal::Gone;
use crate::archive::{Archive, dists_folder};
use crate::config::Suite;
use archive_storage::pool::{self, PoolName};

impl Archive {
    /// Returns the suites that were published and that the configuration does not have.
    pub fn gone_suites(&self) -> Result<Vec<Gone>, PublishError> {
        let progress = self.catalog().progress()?;
        let gone = progress.into_iter().filter_map(|progress| {
            let has = |suite: &Suite| suite.codename == progress.suite;
            (!self.config().suites.iter().any(has)).then_some(())?;
            Some(Gone {
                suite: progress.suite.clone(),
                packages: progress.publication?.packages,
            })
        });
        Ok(gone.collect())
    }

    /// Ends serving a suite that the configuration does not have. Its packages stay in the catalog and the pool.
    ///
    /// Rows are deleted last: after an interruption, the next call still finds the suite.
    pub fn drop_gone(&self, gone: &Gone) -> Result<(), PublishError> {
        let _lock = self.publish_lock(&gone.suite)?;
        let private = self.root().join("private").join(gone.suite.as_str());
        for tree in [self.root().to_owned(), private] {
            take_down(&tree, &gone.suite)?;
        }
        Ok(self.catalog().unpublish(&gone.suite)?)
    }

    /// Links the files of a suite that are in another tree of the pool into its own, and records them.
    ///
    /// This is the case after a suite was made private or public. `since` is a revision up to which it was done already.
    pub(super) fn move_in(&self, suite: &Suite, since: Option<i64>) -> Result<(), PublishError> {
        let tree = suite.pool_tree();
        let homeless = self
            .catalog()
            .files_in_other_trees(&suite.codename, tree, since)?;
        if homeless.is_empty() {
            return Ok(());
        }
        // Nobody deletes meanwhile what is linked and has no row yet.
        let _pool = self.pool_lock(FlockOperation::LockShared)?;
        let mut files = Vec::with_capacity(homeless.len());
        for package in homeless {
            let file_name = package.content.file_name();
            let name = PoolName {
                component: &package.component,
                source: &package.content.source,
                file_name: &file_name,
            };
            let from = self.root().join(&package.path);
            files.push((
                package.content.sha256,
                pool::link(self.root(), tree, &from, &name, &package.content.sha256)?,
            ));
        }
        let paths: Vec<PathBuf> = files
            .iter()
            .map(|(_, path)| self.root().join(pool::below_root(tree, path)))
            .collect();
        pool::sync_folders(self.root(), paths.iter().map(PathBuf::as_path))?;
        Ok(self.catalog().record_pool_files(tree, &files)?)
    }

    /// Ends serving a suite where it was before it became private, or public.
    ///
    /// Files are deleted before their rows: after an interruption, the next publish finds the rest.
    pub(super) fn move_out(&self, suite: &Suite) -> Result<(), PublishError> {
        let private = self.root().join("private").join(suite.codename.as_str());
        let (old, left) = if suite.private {
            (self.root().to_owned(), None)
        } else if private.exists() {
            (private.clone(), Some(suite.codename.as_str()))
        } else {
            return Ok(());
        };
        take_down(&old, &suite.codename)?;
        let _pool = self.pool_lock(FlockOperation::LockExclusive)?;
        let mut folders = BTreeMap::new();
        for path in self.catalog().orphaned_pool_files(left)? {
            let file = self.root().join(path);
            gone(&file, |file| std::fs::remove_file(file))?;
            if let Some(folder) = file.parent() {
                folders.insert(folder.to_owned(), ());
            }
        }
        for folder in folders.keys() {
            pool::remove_empty_folders(self.root(), &folder.join("file"));
        }
        self.catalog().forget_orphaned_pool_files(left)?;
        if left.is_some() {
            gone(&private, |folder| std::fs::remove_dir_all(folder))?;
        }
        Ok(())
    }

    fn pool_lock(&self, operation: FlockOperation) -> Result<std::fs::File, PublishError> {
        self.lock("pool.lock", operation)
            .map_err(|source| write_error("lock", self.root().join("state/pool.lock"), source))
    }
}

/// Takes everything of a suite that is served in a tree away, but for its pool files.
fn take_down(tree: &Path, codename: &SuiteName) -> Result<(), PublishError> {
    take_dists_down(&dists_folder(tree), codename)?;
    gone(&tree.join(format!("{codename}.sources")), |file| {
        std::fs::remove_file(file)
    })?;
    for snapshot in entries(&tree.join("snapshots"))? {
        let dists = dists_folder(&snapshot);
        take_dists_down(&dists, codename)?;
        // Fails, as it should, while another suite has a state under this name.
        if std::fs::remove_dir(&dists).is_ok() {
            gone(&snapshot, |folder| std::fs::remove_dir_all(folder))?;
        }
    }
    Ok(())
}

fn take_dists_down(dists: &Path, codename: &SuiteName) -> Result<(), PublishError> {
    let own = dists.join(codename.as_str());
    // Another suite may have this name for an alias by now.
    if own.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        for name in ["InRelease", "Release.gpg", "Release"] {
            gone(&own.join(name), |file| std::fs::remove_file(file))?;
        }
        gone(&own, |folder| std::fs::remove_dir_all(folder))?;
    }
    for link in entries(dists)? {
        if std::fs::read_link(&link).is_ok_and(|target| target == Path::new(codename.as_str())) {
            gone(&link, |link| std::fs::remove_file(link))?;
        }
    }
    if dists.is_dir() {
        apply::sync(dists)
    } else {
        Ok(())
    }
}

/// Returns the paths in a folder; none where there is no folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, PublishError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found.map_err(|source| write_error("read", folder, source)),
    }
}

fn gone(path: &Path, delete: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), PublishError> {
    match delete(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error("delete", path, error)),
        _ => Ok(()),
    }
}
