//! A folder on a disk of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{FileStore, Lifetime, StoreError};

/// A folder; files get their names by a rename, and names last from the next [`FileStore::settle`] on.
pub struct Folder {
    root: PathBuf,
    /// Folders with names that may not last yet.
    unsettled: Mutex<BTreeSet<PathBuf>>,
}

impl Folder {
    /// Takes a folder, which is made when something is written into it.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            unsettled: Mutex::new(BTreeSet::new()),
        }
    }

    fn failed(&self, action: &'static str, path: &str, source: io::Error) -> StoreError {
        StoreError {
            action,
            path: path.to_owned(),
            store: self.root.display().to_string(),
            source: Box::new(source),
        }
    }

    /// Returns the alias that a path leads through: a link in `dists/`. Other links are whoever keeps the folder's own.
    fn alias_above<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.ancestors()
            .take_while(|above| *above != self.root)
            .find(|above| {
                above.parent().is_some_and(|folder| folder.ends_with("dists")) && above.is_symlink()
            })
    }

    /// Notes that names in the folder of `file` and in those above it are to last.
    fn note(&self, file: &Path) {
        let folders = file
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(&self.root))
            .map(Path::to_owned);
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        unsettled.extend(folders);
    }
}

impl FileStore for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let file = self.root.join(path);
        if self.alias_above(&file).is_some() {
            return Ok(None);
        }
        match std::fs::read(file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn write(
        &self,
        path: &str,
        content: &mut dyn Read,
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError> {
        let target = self.root.join(path);
        let mut write = || -> io::Result<()> {
            let folder = target.parent().unwrap_or(&self.root);
            // What was an alias once must not lead a file into another suite.
            if let Some(alias) = self.alias_above(folder) {
                std::fs::remove_file(alias)?;
            }
            std::fs::create_dir_all(folder)?;
            // Beside its name and hidden, so that web servers do not serve it and a rename is one step.
            let mut draft = tempfile::Builder::new()
                .prefix(".")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            let written = io::copy(content, &mut draft)?;
            if written != size {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{written} of {size} bytes came"),
                ));
            }
            if lifetime == Lifetime::Replaceable {
                draft.as_file().set_modified(later_than(&target)?)?;
            }
            draft.as_file().sync_all()?;
            draft.persist(&target).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.failed("write", path, error))?;
        self.note(&target);
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        let folders = std::mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner));
        // Deepest first: a name lasts once the folder that holds it is synced.
        for folder in folders.iter().rev() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| self.failed("sync", &folder.display().to_string(), error))?;
        }
        Ok(())
    }

    fn link_folder(&self, alias: &str, name: &str) -> Result<bool, StoreError> {
        let link = self.root.join(alias);
        if std::fs::read_link(&link).is_ok_and(|target| target == Path::new(name)) {
            return Ok(true);
        }
        let put = || -> io::Result<()> {
            let folder = link.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let draft = tempfile::Builder::new()
                .prefix(".")
                .make_in(folder, |path| symlink(name, path))?;
            draft.persist(&link).map_err(|error| error.error)
        };
        put().map_err(|error| self.failed("link", alias, error))?;
        self.note(&link);
        Ok(true)
    }

    fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let top = self.root.join(folder);
        let mut files = BTreeMap::new();
        if !top.is_dir() || self.alias_above(&top).is_some() {
            return Ok(files);
        }
        for entry in walkdir::WalkDir::new(&top) {
            let failed = |error: walkdir::Error| self.failed("list", folder, error.into());
            let entry = entry.map_err(failed)?;
            let below = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
            // A name that is not UTF-8 is of no archive.
            if let (true, Some(path)) = (entry.file_type().is_file(), below) {
                files.insert(path.to_owned(), entry.metadata().map_err(failed)?.len());
            }
        }
        Ok(files)
    }

    fn delete(&self, path: &str) -> Result<(), StoreError> {
        let target = self.root.join(path);
        match std::fs::remove_file(&target) {
            Err(error) if !is_missing(&error) => return Err(self.failed("delete", path, error)),
            _ => {}
        }
        for folder in target
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root)
        {
            // Fails, as it should, where something is left in it.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Returns now, or a second after the time of the file that is there.
///
/// apt asks by If-Modified-Since, which has seconds only: of two files of one second it would take the first for the newest.
fn later_than(file: &Path) -> io::Result<SystemTime> {
    let now = SystemTime::now();
    match file.metadata() {
        Ok(found) => Ok(now.max(found.modified()? + Duration::from_secs(1))),
        Err(error) if is_missing(&error) => Ok(now),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
