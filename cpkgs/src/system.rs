//! Installing into the system: dpkg does it, in the order of a plan.
//!
//! What dpkg has is read from its own database. Packages come verified; they are copied to where only root writes and verified
//! there once more, so that whoever owns the cache cannot change them meanwhile. Configuration files, triggers and maintainer
//! scripts are dpkg's business, and its questions go to whoever sits at the terminal.

mod database;
mod error;
mod marks;
mod order;
mod run;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use debian_formats::digest::DigestReader;
use debian_formats::stanza::Stanza;
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};

use crate::rootless::{Add, Change};
use crate::store::{self, Expected};

pub use database::SystemPackage;
pub use error::SystemError;

/// A system that dpkg keeps: this machine's, or one in a folder.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self::at(Path::new("/"))
    }
}

impl System {
    /// The system below a folder; dpkg(1) calls it `--root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn is_this_machine(&self) -> bool {
        self.root == Path::new("/")
    }

    fn below(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Returns what is installed, with how it came and whether it is held.
    ///
    /// # Errors
    /// When dpkg's database cannot be read, or something in it was left half done.
    pub fn installed(&self) -> Result<Vec<SystemPackage>, SystemError> {
        database::read(self)
    }

    /// Checks that whoever asks may change it.
    ///
    /// # Errors
    /// When it is this machine's and they are not root.
    pub fn check_rights(&self) -> Result<(), SystemError> {
        if self.is_this_machine() && !rustix::process::geteuid().is_root() {
            return Err(SystemError::NotRoot);
        }
        Ok(())
    }

    /// Makes a change; its packages are unpacked in the order in which they stand. `waiting` is called once when another
    /// program has dpkg's lock.
    ///
    /// # Errors
    /// When it is not permitted, a package is not what was verified, or dpkg fails: what it did until then stands, and
    /// `dpkg --configure -a` goes on.
    pub fn apply(&self, change: &Change, waiting: impl FnOnce()) -> Result<(), SystemError> {
        self.check_rights()?;
        let _lock = self.lock(waiting)?;
        let folder = self.below("var/cache/cpkgs");
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        made.map_err(|source| SystemError::file(&folder, source))?;
        // Only its owner may so much as look into it.
        let own = tempfile::tempdir_in(&folder).map_err(|source| SystemError::file(&folder, source))?;
        let files = change
            .add
            .iter()
            .enumerate()
            .map(|(number, add)| verified_copy(add, &own.path().join(format!("{number}.deb"))))
            .collect::<Result<Vec<_>, _>>()?;
        // Before dpkg runs: should it fail halfway, what came by itself is known as that.
        marks::write(self, change)?;
        for step in order::steps(change, &files)? {
            run::dpkg(self, &step)?;
        }
        Ok(())
    }

    /// Takes the lock that apt and dpkg take, and waits for it. Source: dpkg's frontend specification.
    fn lock(&self, waiting: impl FnOnce()) -> Result<File, SystemError> {
        let path = self.below("var/lib/dpkg/lock-frontend");
        let failed = |source| SystemError::file(&path, source);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o640)
            .open(&path)
            .map_err(failed)?;
        if fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            waiting();
            fcntl_lock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        }
        Ok(file)
    }
}

/// Copies a package to where nobody else writes, and holds what was copied against its digest.
fn verified_copy(add: &Add, to: &Path) -> Result<PathBuf, SystemError> {
    let failed = |source| SystemError::file(&add.deb, source);
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(&add.deb)
        .map_err(failed)?;
    let mut reader = DigestReader::sha256(file);
    let mut copy = File::create_new(to).map_err(|source| SystemError::file(to, source))?;
    io::copy(&mut reader, &mut copy).map_err(failed)?;
    if reader.finish().sha256 != add.sha256 {
        return Err(SystemError::Changed {
            path: add.deb.clone(),
        });
    }
    let stanza = Stanza::parse(&add.stanza).map_err(|error| SystemError::Database {
        path: add.deb.clone(),
        why: error.to_string(),
    })?;
    // What dpkg gets is the package that was agreed to, whatever its name was in the index.
    store::examine(to, &Expected::of(&stanza, add.sha256)).map_err(SystemError::Package)?;
    Ok(to.to_owned())
}
