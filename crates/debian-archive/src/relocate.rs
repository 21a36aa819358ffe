//! The whole of an archive to another database, or another folder, and a comparison of both.
//!
//! Nothing is taken from where it is. A run that was cut off is made good by the next: rows come in one transaction, and of
//! files only those are written that are not there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use archive_catalog::{CatalogError, DatabaseUrl, SqlCatalog};
use archive_storage::pool;
use archive_storage::store::{FileStore as _, Folder, Lifetime, StoreError};
use rustix::fs::FlockOperation;

use crate::archive::Archive;

/// The folders of an archive whose files are served.
const FOLDERS: [&str; 5] = ["pool", "dists", "snapshots", "private", "browse"];

/// Why an archive was not moved.
#[derive(Debug, thiserror::Error)]
pub enum RelocateError {
    /// A catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A folder cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is where it is to go.
    #[error("the archive is in `{0}` already")]
    Same(String),
    /// Another archive is there.
    #[error("`{0}` has the catalog of another archive: name an empty database")]
    OtherCatalog(DatabaseUrl),
    /// Files of another archive are there.
    #[error("`{0}` has files of another archive: name an empty folder")]
    OtherFiles(PathBuf),
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
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
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
    /// Keeps writers of this archive waiting until what is returned is dropped, so that both copies are of one moment.
    pub fn hold_writers(&self) -> Result<Vec<File>, RelocateError> {
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
                        path: self.root().join("state").join(&name),
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

    /// Copies all served files to another folder and compares every digest.
    pub fn copy_files(&self, target: &Path, mode: RelocateMode) -> Result<Relocated, RelocateError> {
        let same = || RelocateError::Same(target.display().to_string());
        if target
            .canonicalize()
            .is_ok_and(|target| self.root().canonicalize().is_ok_and(|root| root == target))
        {
            return Err(same());
        }
        let (from, to) = (
            Folder::new(self.root().to_owned()),
            Folder::new(target.to_owned()),
        );
        let mut there = BTreeMap::new();
        for folder in FOLDERS {
            there.extend(to.list(folder)?);
        }
        let keyring = "archive-keyring.pgp";
        let here = from.read(keyring)?;
        if !there.is_empty() && to.read(keyring)? != here {
            return Err(RelocateError::OtherFiles(target.to_owned()));
        }
        let files = self.served_files(&from)?;
        let mut relocated = Relocated::default();
        let mut copied = Vec::new();
        // The keyring first: by it a run that is interrupted is told from another archive.
        let mut order: Vec<(String, u64)> = files.clone().into_iter().collect();
        order.sort_by_key(|(path, _)| path != keyring);
        for (path, size) in order {
            // A name may stand for another content of the same size; only in the pool and below by-hash it never does.
            let is_fixed = path.starts_with("pool/") || path.contains("/by-hash/") || path.contains("/pool/");
            if is_fixed && there.get(&path) == Some(&size) {
                copied.push(path);
                continue;
            }
            relocated.files += 1;
            relocated.bytes += size;
            if mode == RelocateMode::Copy {
                let source = self.root().join(&path);
                let mut file = File::open(&source).map_err(|error| RelocateError::File {
                    path: source,
                    source: error,
                })?;
                to.write(&path, &mut file, size, Lifetime::Replaceable)?;
                copied.push(path);
            }
        }
        if mode == RelocateMode::Copy {
            self.copy_links(&to)?;
            // What was taken out here since an earlier run, such as a suite that became private, must not stay public there.
            for path in there.keys().filter(|path| !files.contains_key(*path)) {
                to.delete(path)?;
            }
            to.settle()?;
            self.compare(target, &copied)?;
        }
        Ok(relocated)
    }

    /// Returns all served files and their sizes.
    fn served_files(&self, from: &Folder) -> Result<BTreeMap<String, u64>, RelocateError> {
        let mut files = BTreeMap::new();
        for folder in FOLDERS {
            files.extend(from.list(folder)?);
        }
        let entries = std::fs::read_dir(self.root());
        let failed = |source| RelocateError::File {
            path: self.root().to_owned(),
            source,
        };
        for entry in entries.map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| is_public(name)) else {
                continue;
            };
            files.insert(name.to_owned(), entry.metadata().map_err(failed)?.len());
        }
        Ok(files)
    }

    /// Makes the links of aliases, and those from pinned states to the pool.
    fn copy_links(&self, to: &Folder) -> Result<(), RelocateError> {
        for suite in &self.config().suites {
            let tree = pool::below_root(suite.pool_tree(), "");
            if let Some(alias) = suite.alias.as_ref().filter(|alias| **alias != suite.codename) {
                to.link_folder(&format!("{tree}dists/{alias}"), suite.codename.as_str())?;
            }
            for state in self.catalog().states(&suite.codename)? {
                let link = format!("{tree}snapshots/{}/pool", state.id);
                if self.root().join(&link).is_symlink() {
                    to.link_folder(&link, "../../pool")?;
                }
            }
        }
        Ok(())
    }

    fn compare(&self, target: &Path, paths: &[String]) -> Result<(), RelocateError> {
        let digest = |root: &Path, path: &str| {
            let path = root.join(path);
            pool::digest(&path).map_err(|source| RelocateError::File { path, source })
        };
        for path in paths {
            let (here, there) = (digest(self.root(), path)?, digest(target, path)?);
            if here != there {
                return Err(RelocateError::Differs {
                    target: target.display().to_string(),
                    what: format!("`{path}` has sha256 {there}, not {here}"),
                });
            }
        }
        Ok(())
    }
}

/// Says whether a file at the top is served.
fn is_public(name: &str) -> bool {
    matches!(
        name,
        "archive-keyring.pgp" | "archive-keyring.asc" | "repository.json"
    ) || name.ends_with(".sources")
}
