//! The packages that generations are made of, unpacked: `store/<sha12>-<name>-<version>`, which never change.
//!
//! A package is unpacked into a folder of its own beside the others and gets its name when all of it is on the disk, so
//! that whatever has a name is whole. What is handed over has been verified before; here it is held against its digest
//! once more, from the same open file that is then read, and its own control file must say what the index said.

mod agreement;
mod error;
mod extract;
mod record;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use debian_control::digest::{DigestReader, Sha256};
use debian_control::limits::Limits;
use debian_deb::{ControlFiles, read_with};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

pub use self::agreement::examine;
pub use self::error::StoreError;
use self::extract::Extraction;
use crate::change_stage::{Listener, Stage};

/// Longest part of a version that stands in a folder's name: the digest tells folders apart.
const LONGEST_VERSION: usize = 100;
/// How the folders of packages that are not whole are called.
const UNFINISHED: &str = ".unfinished-";

/// The packages that are unpacked.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What a package must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `Package` of its stanza.
    pub name: String,
    /// `Version`, as it is written there.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// The digest of the file.
    pub sha256: Sha256,
}

/// What is kept about an unpacked package, beside its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// The digest of the file it came in.
    pub sha256: String,
    /// What was left out of it, each a sentence's worth: set-user-id bits and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
}

/// A package that is unpacked and waits for the disk, and the name it gets then.
type Unpacked = (TempDir, PathBuf);

impl Store {
    /// Opens the store of an install folder, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(install: &Path) -> Result<Self, StoreError> {
        let folder = install.join("store");
        fs::create_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
        Ok(Self { folder })
    }

    /// Returns the name of a package's folder.
    pub fn key(expected: &Expected) -> String {
        let digest = expected.sha256.to_string();
        let version: String = expected.version.chars().take(LONGEST_VERSION).collect();
        let short = digest.get(..12).unwrap_or(&digest);
        format!("{short}-{}-{version}", expected.name)
    }

    /// Returns the folder of a package: `tree/` with its files, `control/` with its control files, `files` with what it was unpacked to.
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// Reads what is kept about a package.
    ///
    /// # Errors
    ///
    /// When it is not there or not as it was written.
    pub fn read(&self, key: &str) -> Result<Stored, StoreError> {
        let path = self.path(key).join("package.json");
        let text = fs::read(&path).map_err(|source| StoreError::io(&path, source))?;
        serde_json::from_slice(&text).map_err(|source| StoreError::io(&path, source.into()))
    }

    /// Unpacks packages, several at a time, but for those that are there already. They get their names together, when the
    /// bytes of all of them are on the disk.
    ///
    /// # Errors
    ///
    /// When a file is another than was expected, holds what no package should, or cannot be written. None of them has its
    /// name then, and nothing is left.
    pub fn add(&self, packages: &[(PathBuf, Expected)], listener: &Listener) -> Result<(), StoreError> {
        let mut keys = BTreeSet::new();
        let mut wanted = Vec::new();
        for (deb, expected) in packages {
            if keys.insert(Self::key(expected)) && !self.has(expected)? {
                wanted.push((deb.as_path(), expected));
            } else {
                listener.report(Stage::Unpacked);
            }
        }
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<Unpacked>, StoreError> {
            let mut done = Vec::new();
            while let Some((deb, expected)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                // The others have no reason to go on after an error.
                let unpacked = self.unpack(deb, expected);
                done.push(unpacked.inspect_err(|_| next.store(wanted.len(), Ordering::Relaxed))?);
                listener.report(Stage::Unpacked);
            }
            Ok(done)
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let done: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(wanted.len()))
                .map(|_| scope.spawn(work))
                .collect();
            workers.into_iter().map(|worker| worker.join()).collect()
        });
        let mut unpacked = Vec::new();
        for done in done {
            unpacked.extend(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        self.name(unpacked)
    }

    fn unpack(&self, deb: &Path, expected: &Expected) -> Result<Unpacked, StoreError> {
        let mut file = File::open(deb).map_err(|source| StoreError::io(deb, source))?;
        check_digest(&mut file, deb, expected)?;
        let folder = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.folder)
            .map_err(|source| StoreError::io(&self.folder, source))?;
        unpack(file, folder.path(), expected)?;
        Ok((folder, self.path(&Self::key(expected))))
    }

    /// Gives packages their names, once all their bytes are on the disk.
    fn name(&self, unpacked: Vec<Unpacked>) -> Result<(), StoreError> {
        if unpacked.is_empty() {
            return Ok(());
        }
        let failed = |source| StoreError::io(&self.folder, source);
        // One for all files: a sync a file takes most of the time of an installation.
        let folder = File::open(&self.folder).map_err(failed)?;
        rustix::fs::syncfs(&folder).map_err(|error| failed(error.into()))?;
        for (unfinished, path) in unpacked {
            fs::rename(unfinished.path(), &path).map_err(failed)?;
            // It has a name of its own now.
            let _ = unfinished.keep();
        }
        folder.sync_all().map_err(failed)
    }

    /// Removes what a process that died here left unfinished. Only for who holds the lock.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn sweep(&self) -> Result<usize, StoreError> {
        self.remove_where(|name| name.starts_with(UNFINISHED))
    }

    /// Removes the packages that are not among `keys`. Only for who holds the lock.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn keep_only(&self, keys: &BTreeSet<String>) -> Result<usize, StoreError> {
        self.remove_where(|name| !keys.contains(name))
    }

    /// Removes packages. Only for who holds the lock.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn remove(&self, keys: &BTreeSet<String>) -> Result<usize, StoreError> {
        self.remove_where(|name| keys.contains(name))
    }

    /// Returns what is wrong with a package that was unpacked, in words; nothing when every file is there as it came.
    pub fn fault(&self, key: &str) -> Option<String> {
        if !self.path(key).exists() {
            return Some("it is gone".to_owned());
        }
        if self.read(key).is_err() {
            return Some("what is kept about it cannot be read".to_owned());
        }
        record::fault(&self.path(key))
    }

    fn remove_where(&self, goes: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
        let failed = |source| StoreError::io(&self.folder, source);
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if goes(&entry.file_name().to_string_lossy()) {
                // Half a package must not look like a whole one.
                let doomed = self.folder.join(format!("{UNFINISHED}removed"));
                let _ = fs::remove_dir_all(&doomed);
                fs::rename(entry.path(), &doomed).map_err(failed)?;
                fs::remove_dir_all(&doomed).map_err(failed)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn has(&self, expected: &Expected) -> Result<bool, StoreError> {
        let key = Self::key(expected);
        if !self.path(&key).exists() {
            return Ok(false);
        }
        let stored = self.read(&key)?;
        if stored.sha256 == expected.sha256.to_string() {
            return Ok(true);
        }
        Err(StoreError::OtherContent {
            path: self.path(&key),
        })
    }
}

fn check_digest(file: &mut File, deb: &Path, expected: &Expected) -> Result<(), StoreError> {
    let failed = |source| StoreError::io(deb, source);
    let mut reader = DigestReader::sha256(&*file);
    io::copy(&mut reader, &mut io::sink()).map_err(failed)?;
    let found = reader.finish().sha256;
    if found != expected.sha256 {
        return Err(StoreError::Digest {
            path: deb.to_owned(),
            expected: expected.sha256,
            found,
        });
    }
    file.rewind().map_err(failed)
}

fn unpack(deb: File, folder: &Path, expected: &Expected) -> Result<(), StoreError> {
    let failed = |source| StoreError::io(folder, source);
    let tree = folder.join("tree");
    fs::create_dir(&tree).map_err(failed)?;
    let mut extraction = Extraction::new(&tree, expected).map_err(failed)?;
    let read = read_with(
        io::BufReader::with_capacity(128 * 1024, deb),
        &Limits::for_installing(),
        &mut extraction,
    );
    let read = read.map_err(|error| StoreError::of_deb(expected, error))?;
    let (dropped, record) = extraction
        .finish()
        .map_err(|error| StoreError::of_entry(expected, error))?;
    record.write(folder).map_err(failed)?;
    write_control(&folder.join("control"), &read.control_files).map_err(failed)?;
    let stored = Stored {
        name: expected.name.clone(),
        version: expected.version.clone(),
        architecture: expected.architecture.clone(),
        sha256: expected.sha256.to_string(),
        dropped,
    };
    let text = serde_json::to_vec(&stored).map_err(|source| failed(source.into()))?;
    fs::write(folder.join("package.json"), text).map_err(failed)
}

/// Names of control files are single components: the reader takes no others.
fn write_control(folder: &Path, files: &ControlFiles) -> io::Result<()> {
    fs::create_dir(folder)?;
    for name in files.names() {
        let mut file = File::create_new(folder.join(name))?;
        file.write_all(files.get(name).expect("each name is of a file"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
