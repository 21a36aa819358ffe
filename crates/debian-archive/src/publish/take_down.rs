//! Suites that stop being served in a tree: they went from the configuration, or became private, or public.
//!
//! Names come down before what they name, `InRelease` first, so that no client can begin what it cannot end.

use std::collections::{BTreeMap, BTreeSet};

use archive_catalog::{CatalogError, Condemnation, Deleters, MisplacedFile, TreeFile};
use debian_control::name::SuiteName;
use openpgp_policy::Keyring;
use rustix::fs::FlockOperation;

use super::alias::shows;
use super::error::{PublishError, write_error};
use super::refusal::Gone;
use super::site;
use crate::archive::{Archive, dists_folder, private_tree};
use crate::config::Suite;
use crate::other_archive;
use archive_storage::pool::{self, PoolName};
use archive_storage::store::{FileStore, delete_folder, folder_of};

impl Archive {
    /// Returns the suites that were published and that the configuration does not have.
    pub fn gone_suites(&self) -> Result<Vec<Gone>, CatalogError> {
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
    ///
    /// # Errors
    /// Also where the store serves it by another archive: `keyring` has the keys that sign this one.
    pub fn drop_gone(&self, gone: &Gone, keyring: &Keyring) -> Result<(), PublishError> {
        if let Some(other) = other_archive::find_gone::<PublishError>(self, &gone.suite, keyring)? {
            return Err(PublishError::OtherArchive(other));
        }
        self.while_unpublished(&gone.suite, |_| {
            for tree in [String::new(), private_tree(&gone.suite)] {
                take_down(self.files(), &tree, &gone.suite)?;
            }
            site::take_down(self, &gone.suite)?;
            Ok(self.catalog().unpublish(&gone.suite)?)
        })
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
        // Nobody on this machine deletes meanwhile what is linked and has no row yet.
        let _pool = self.pool_lock(FlockOperation::LockShared)?;
        // What other machines deleted after it was linked here is linked again.
        let mut put_after = BTreeMap::new();
        loop {
            let files = self.copy_into(tree, &homeless, &put_after)?;
            let refused = self.catalog().record_pool_files(tree, &files)?;
            if refused.is_empty() {
                return Ok(());
            }
            for file in refused {
                let Some(case) = file.deleted else {
                    return Err(PublishError::InHand(file.path));
                };
                put_after.insert(file.path, case);
            }
        }
    }

    /// Copies files of other trees into one.
    fn copy_into(
        &self,
        tree: &str,
        homeless: &[MisplacedFile],
        put_after: &BTreeMap<String, Condemnation>,
    ) -> Result<Vec<TreeFile>, PublishError> {
        let mut files = Vec::with_capacity(homeless.len());
        let mut folders = BTreeSet::new();
        for package in homeless {
            let file_name = package.content.file_name();
            let name = PoolName {
                component: &package.component,
                source: &package.content.source,
                file_name: &file_name,
            };
            let sha256 = package.content.sha256;
            let usual = self.usual_name(tree, &package.content)?;
            let path = pool::copy(self.files(), tree, &package.path, &name, usual, &sha256)?;
            let below_root = pool::below_root(tree, &path);
            folders.insert(folder_of(&below_root).to_owned());
            files.push(TreeFile {
                sha256,
                put_after: put_after.get(&below_root).copied(),
                path,
            });
        }
        self.files().settle(&mut folders.iter().map(String::as_str))?;
        Ok(files)
    }

    /// Ends serving a suite where it was before it became private, or public.
    ///
    /// Rows of files end when they are gone: after an interruption, the next publish finds the rest.
    pub(super) fn move_out(&self, suite: &Suite) -> Result<(), PublishError> {
        let (old, left) = if suite.private {
            (String::new(), None)
        } else {
            (private_tree(&suite.codename), Some(suite.codename.as_str()))
        };
        take_down(self.files(), &old, &suite.codename)?;
        let _pool = self.pool_lock(FlockOperation::LockExclusive)?;
        // Of a folder only those delete who have this lock; of a bucket, other machines too.
        let deleters = match self.files().folder() {
            Some(_) => Deleters::OnlyThis,
            None => Deleters::Several,
        };
        if let Some(path) = self.delete_unneeded::<PublishError>(left, deleters)? {
            return Err(PublishError::InHand(path));
        }
        if left.is_some() {
            delete_folder(self.files(), old.trim_end_matches('/'))?;
        }
        Ok(())
    }

    fn pool_lock(&self, operation: FlockOperation) -> Result<std::fs::File, PublishError> {
        self.lock("pool.lock", operation)
            .map_err(|source| write_error("lock", self.local().join("state/pool.lock"), source))
    }
}

/// Takes everything of a suite that is served in a tree away, but for its pool files.
fn take_down(files: &dyn FileStore, tree: &str, codename: &SuiteName) -> Result<(), PublishError> {
    take_dists_down(files, tree, codename)?;
    files.delete(&format!("{tree}{codename}.sources"))?;
    for snapshot in files.folders(&format!("{tree}snapshots"))? {
        take_snapshot_down(files, &format!("{tree}snapshots/{snapshot}/"), codename)?;
    }
    Ok(())
}

/// Takes what a snapshot has of a suite away, and the snapshot where no other suite has a state under its name.
pub(super) fn take_snapshot_down(
    files: &dyn FileStore,
    tree: &str,
    codename: &SuiteName,
) -> Result<(), PublishError> {
    take_dists_down(files, tree, codename)?;
    if files.folders(&dists_folder(tree))?.is_empty() {
        files.delete(&format!("{tree}pool"))?;
    }
    Ok(())
}

fn take_dists_down(files: &dyn FileStore, tree: &str, codename: &SuiteName) -> Result<(), PublishError> {
    let dists = dists_folder(tree);
    for (name, target) in files.links(&dists)? {
        if target == codename.as_str() {
            files.delete(&format!("{dists}/{name}"))?;
        }
    }
    for name in files.folders(&dists)? {
        let folder = format!("{dists}/{name}");
        // A copy under an alias; and its own, unless another suite has this name for an alias by now.
        let is_its_own = match (name == codename.as_str(), files.folder()) {
            (is_its_own, Some(_)) => is_its_own,
            (_, None) => shows(files, &folder, codename.as_str())?,
        };
        if is_its_own {
            delete_folder(files, &folder)?;
        }
    }
    Ok(files.settle(&mut [dists.as_str()].into_iter())?)
}
