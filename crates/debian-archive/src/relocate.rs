//! The whole of an archive to another database, or another store, and a comparison of both.
//!
//! Nothing is taken from where it is. A run that was cut off is made good by the next: rows come in one transaction, and of
//! files only those are written that are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;

use archive_catalog::{CatalogError, DatabaseUrl, SqlCatalog};
use archive_storage::store::{self, FileHead, FileStore, Lifetime, StoreError, Turn, folder_of};
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rustix::fs::FlockOperation;

use crate::archive::{Archive, suite_dists};
use crate::other_archive::other_suite;
use crate::own_place::is_own;
use crate::publish::{POOL_LINK, SuiteLease};
use crate::side_by_side::side_by_side;
use crate::transfer_progress::{TransferProgress, TransferStage};

/// The folders of an archive whose files are moved: those that are served, and the build records.
const FOLDERS: [&str; 6] = ["pool", "dists", "snapshots", "private", "browse", "buildinfo"];

/// Why an archive was not moved.
#[derive(Debug, thiserror::Error)]
pub enum RelocateError {
    /// A catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is where it is to go.
    #[error("`{0}` is in use by this archive already: name another place")]
    Same(String),
    /// Another archive is there.
    #[error("`{0}` has the catalog of another archive: name an empty database")]
    OtherCatalog(DatabaseUrl),
    /// Files of another archive are there.
    #[error("`{0}` has files of another archive: name an empty folder or bucket")]
    OtherFiles(String),
    /// What was copied is not what was there.
    #[error("the copy in `{target}` differs: {what}")]
    Differs {
        /// Where the copy is.
        target: String,
        /// What differs.
        what: String,
    },
    /// A lock cannot be taken.
    #[error("cannot lock `{path}`")]
    Lock {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that was listed is not there any more.
    #[error("`{0}` has disappeared: another program is changing the archive")]
    Gone(String),
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relocated {
    /// Files that were written, or would be.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocateMode {
    /// Copy, then compare.
    Copy,
    /// Say what would be copied.
    DryRun,
}

impl Archive {
    /// Does `work` while writers of this archive wait, on this machine and on others, so that both copies are of one moment.
    pub fn without_writers<T, E: From<RelocateError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let _locks = self.lock_writers()?;
        let suites: Vec<&SuiteName> = self.config().suites.iter().map(|suite| &suite.codename).collect();
        self.without_publishers(&suites, || {
            let _turn = self.database().hold_writers().map_err(RelocateError::from)?;
            work()
        })
    }

    /// Does `work` with the leases of these suites.
    fn without_publishers<T, E: From<RelocateError>>(
        &self,
        suites: &[&SuiteName],
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some((suite, others)) = suites.split_first() else {
            return work();
        };
        let lease = SuiteLease::take(self.catalog(), suite).map_err(RelocateError::from)?;
        // The innermost work is one type, whatever the number of suites.
        let work: Box<dyn FnOnce() -> Result<T, E> + '_> = Box::new(work);
        lease.during(|| self.without_publishers(others, work))
    }

    fn lock_writers(&self) -> Result<Vec<File>, RelocateError> {
        let publish = self
            .config()
            .suites
            .iter()
            .map(|suite| format!("publish-{}.lock", suite.codename));
        publish
            .chain(["pool.lock".to_owned()])
            .map(|name| {
                self.lock(&name, FlockOperation::LockExclusive)
                    .map_err(|source| RelocateError::Lock {
                        path: self.local().join("state").join(&name),
                        source,
                    })
            })
            .collect()
    }

    /// Copies the catalog to another database and compares every row.
    pub fn copy_catalog(&self, target: &DatabaseUrl, mode: RelocateMode) -> Result<(), RelocateError> {
        if *target == self.location().catalog {
            return Err(RelocateError::Same(target.to_string()));
        }
        let is_there = SqlCatalog::is_in_use(target)?;
        if is_there && !self.database().is_continuation_of(&SqlCatalog::open(target)?)? {
            return Err(RelocateError::OtherCatalog(target.clone()));
        }
        if mode == RelocateMode::DryRun {
            return Ok(());
        }
        let copy = match target {
            DatabaseUrl::Sqlite(_) if !is_there => SqlCatalog::create(target)?,
            DatabaseUrl::Sqlite(_) => SqlCatalog::open(target)?,
            DatabaseUrl::Postgres(_) => {
                SqlCatalog::migrate(target)?;
                SqlCatalog::open(target)?
            }
        };
        Ok(self.database().copy_into(&copy)?)
    }

    /// Copies all files to another store and compares every digest.
    pub fn copy_files(
        &self,
        to: &dyn FileStore,
        mode: RelocateMode,
        progress: &TransferProgress,
    ) -> Result<Relocated, RelocateError> {
        let from = self.files();
        if is_own(from, to) {
            return Err(RelocateError::Same(to.address().to_owned()));
        }
        let mut there = BTreeMap::new();
        for folder in FOLDERS {
            there.extend(to.list(folder)?);
        }
        let keyring = "archive-keyring.pgp";
        let is_of_another = !there.is_empty()
            && (to.read(keyring)? != from.read(keyring)?
                || other_suite::<RelocateError>(self, to)?.is_some());
        if is_of_another {
            return Err(RelocateError::OtherFiles(to.address().to_owned()));
        }
        let files = self.all_files()?;
        // A name may stand for another content of the same size; only in the pool and below by-hash it never does.
        let is_there = |path: &String, head: &FileHead| {
            lifetime(path) == Lifetime::Immutable
                && there.get(path).is_some_and(|found| found.size == head.size)
        };
        let missing = files.iter().filter(|(path, head)| !is_there(path, head));
        // The keyring first: by it a run that is interrupted is told from another archive.
        let turn = |path: &str| (path != keyring, Turn::of(path));
        let mut missing: Vec<(&str, u64)> = missing.map(|(path, head)| (path.as_str(), head.size)).collect();
        missing.sort_by_key(|(path, _)| turn(path));
        let relocated = Relocated {
            files: missing.len() as u64,
            bytes: missing.iter().map(|(_, size)| size).sum(),
        };
        if mode == RelocateMode::Copy {
            progress.expect(missing.iter().map(|(_, size)| *size));
            for files in missing.chunk_by(|(one, _), (next, _)| turn(one) == turn(next)) {
                side_by_side(files, |(path, size)| self.copy_file(path, *size, (to, progress)))?;
                let folders: BTreeSet<&str> = files.iter().map(|(path, _)| folder_of(path)).collect();
                to.settle(&mut folders.into_iter())?;
            }
            let aliases = self.copy_aliases(to, &files)?;
            // What was taken out here since an earlier run, such as a suite that became private, must not stay public there.
            let is_gone = |path: &&String| !files.contains_key(*path) && !aliases.contains(*path);
            let gone: Vec<&String> = there.keys().filter(is_gone).collect();
            side_by_side(&gone, |path| to.delete(path))?;
            let folders: BTreeSet<&str> = files.keys().map(|path| folder_of(path)).collect();
            to.settle(&mut folders.into_iter())?;
            progress.begin(TransferStage::Comparing);
            progress.expect(files.values().map(|head| head.size));
            let paths: Vec<&str> = files.keys().map(String::as_str).collect();
            side_by_side(&paths, |path| self.compare(to, path, progress))?;
        }
        Ok(relocated)
    }

    /// Returns all files that are moved. Where an alias is a copy, it is made there again.
    fn all_files(&self) -> Result<BTreeMap<String, FileHead>, RelocateError> {
        let from = self.files();
        let mut files = BTreeMap::new();
        for folder in FOLDERS {
            files.extend(from.list(folder)?);
        }
        for (_, alias) in self.aliases()? {
            let below = format!("{alias}/");
            files.retain(|path, _| !path.starts_with(&below));
        }
        for name in from.names("")? {
            if is_public(&name)
                && let Some(head) = from.head(&name)?
            {
                files.insert(name, head);
            }
        }
        Ok(files)
    }

    /// Returns the folders of suites and those of their aliases, also in pinned states.
    fn aliases(&self) -> Result<Vec<(String, String)>, RelocateError> {
        let mut aliases = Vec::new();
        for suite in &self.config().suites {
            let Some(alias) = suite.alias.as_ref().filter(|alias| **alias != suite.codename) else {
                continue;
            };
            let states = self.catalog().states(&suite.codename)?;
            let pinned = states.iter().map(|state| self.snapshot_tree(suite, &state.id));
            for tree in pinned.chain([suite.tree()]) {
                aliases.push((suite_dists(&tree, &suite.codename), suite_dists(&tree, alias)));
            }
        }
        Ok(aliases)
    }

    /// Makes aliases, as links or as copies, and the links from pinned states to the pool; returns the paths of copies.
    fn copy_aliases(
        &self,
        to: &dyn FileStore,
        files: &BTreeMap<String, FileHead>,
    ) -> Result<BTreeSet<String>, RelocateError> {
        let mut copies = BTreeSet::new();
        for (folder, alias) in self.aliases()? {
            let below = format!("{folder}/");
            let mut paths: Vec<&String> = files.keys().filter(|path| path.starts_with(&below)).collect();
            let name = folder.rsplit('/').next().unwrap_or(&folder);
            if paths.is_empty() || to.link_folder(&alias, name)? {
                continue;
            }
            // What names the others comes last.
            paths.sort_by_key(|path| Turn::of(path));
            let copies_of: Vec<(&String, String)> = paths
                .into_iter()
                .map(|path| (path, path.replacen(&folder, &alias, 1)))
                .collect();
            for files in copies_of.chunk_by(|(one, _), (next, _)| Turn::of(one) == Turn::of(next)) {
                side_by_side(files, |(path, copy)| to.copy(path, copy))?;
            }
            copies.extend(copies_of.into_iter().map(|(_, copy)| copy));
        }
        for suite in &self.config().suites {
            for state in self.catalog().states(&suite.codename)? {
                let tree = self.snapshot_tree(suite, &state.id);
                if files.keys().any(|path| path.starts_with(&tree)) {
                    to.link_folder(&format!("{tree}pool"), POOL_LINK)?;
                }
            }
        }
        Ok(copies)
    }

    fn copy_file(
        &self,
        path: &str,
        size: u64,
        (to, progress): (&dyn FileStore, &TransferProgress),
    ) -> Result<(), RelocateError> {
        let file = self.files().open(path, None)?;
        let file = file.ok_or_else(|| RelocateError::Gone(path.to_owned()))?;
        let mut content = progress.counted(file.content);
        to.write(path, &mut content, size, lifetime(path))?;
        progress.file_done();
        Ok(())
    }

    fn compare(
        &self,
        to: &dyn FileStore,
        path: &str,
        progress: &TransferProgress,
    ) -> Result<(), RelocateError> {
        let digest = |store: &dyn FileStore| -> Result<(Sha256, u64), RelocateError> {
            let found = store::digest(store, path)?;
            found.ok_or_else(|| RelocateError::Gone(path.to_owned()))
        };
        let ((here, size), (there, _)) = (digest(self.files())?, digest(to)?);
        progress.file_of(size);
        if here == there {
            return Ok(());
        }
        Err(RelocateError::Differs {
            target: to.address().to_owned(),
            what: format!("`{path}` has sha256 {there}, not {here}"),
        })
    }
}

/// Says whether a path stands for one content for ever.
fn lifetime(path: &str) -> Lifetime {
    match Turn::of(path) {
        Turn::Immutable => Lifetime::Immutable,
        Turn::Name | Turn::Release | Turn::InRelease => Lifetime::Replaceable,
    }
}

/// Says whether a file at the top is served.
fn is_public(name: &str) -> bool {
    matches!(
        name,
        "archive-keyring.pgp" | "archive-keyring.asc" | "repository.json"
    ) || archive_site::ROOT.contains(&name)
        || name.ends_with(".sources")
}
