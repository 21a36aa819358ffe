//! Files that are being written, before they get the names under which they are served.
//!
//! They lie below `state/staging/`, on the file system of the pool and never in a served folder. Each writer has a
//! folder of its own there and holds a lock on it, so what a killed writer left is told from what is in use.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FlockOperation, flock, ioctl_ficlone, linkat};
use rustix::io::Errno;

use crate::STATE;

/// Why files cannot be staged.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`")]
pub struct StagingError {
    /// What was being done.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// What a writer notes in its folder before it links files into the pool: the names that are its to take back.
const LINKS: &str = "links";

/// A folder for the files of one writer; gone with it.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    next: AtomicU64,
    /// Whether links are noted that may be to take back.
    noted: AtomicBool,
    /// Holds the lock for as long as the writer lives.
    _lock: File,
}

impl Staging {
    /// Makes a folder, and sweeps those whose writers are no more. Waits for nobody.
    pub fn new(root: &Path) -> Result<Self, StagingError> {
        let all = root.join(STATE).join("staging");
        crate::permissions::private_folder(&root.join(STATE))
            .and_then(|()| crate::permissions::private_folder(&all))
            .map_err(|source| failed("make", &all, source))?;
        sweep(&all)?;
        loop {
            let folder = tempfile::Builder::new()
                .prefix("w")
                .tempdir_in(&all)
                .map_err(|source| failed("make a folder in", &all, source))?
                .keep();
            // Until the lock is taken, another's sweep may take the folder for one that was left.
            if let Some(lock) = claim(&folder).map_err(|source| failed("lock", &folder, source))? {
                return Ok(Self {
                    folder,
                    next: AtomicU64::new(0),
                    noted: AtomicBool::new(false),
                    _lock: lock,
                });
            }
        }
    }

    /// Sweeps the folders whose writers are no more, for a writer that turns out to have nothing to stage.
    pub fn sweep(root: &Path) -> Result<(), StagingError> {
        let all = root.join(STATE).join("staging");
        let is_empty = std::fs::read_dir(&all).map_or(true, |mut entries| entries.next().is_none());
        if is_empty {
            return Ok(());
        }
        sweep(&all)
    }

    /// Makes a new file, readable by all as served files are.
    pub fn create(&self) -> Result<(StagedPath, File), StagingError> {
        let path = self
            .folder
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        match File::create_new(&path) {
            Ok(file) => Ok((StagedPath(path), file)),
            Err(source) => Err(StagingError {
                action: "make",
                path,
                source,
            }),
        }
    }

    /// Gives a file that never changes a name here, too; `None` where it is gone.
    pub fn link(&self, source: &Path) -> Result<Option<StagedPath>, StagingError> {
        let path = self.name();
        match std::fs::hard_link(source, &path) {
            Ok(()) => Ok(Some(StagedPath(path))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !source.exists() => Ok(None),
            Err(error) => Err(failed("link", source, error)),
        }
    }

    /// Makes a file of the bytes of another without copying them; `None` where that cannot be done.
    ///
    /// On a file system that has clones (XFS, btrfs), what is written to one of them later does not show in the other. On
    /// others it is a second name of the same file, made only where its mode lets everybody read it and nobody but its
    /// owner write to it: who does so, changes what the archive serves.
    pub fn share(&self, source: &File) -> Result<Option<(StagedPath, File)>, StagingError> {
        let (path, file) = self.create()?;
        if ioctl_ficlone(&file, source).is_ok() {
            return Ok(Some((path, file)));
        }
        drop((path, file));
        let mode = source.metadata().map(|found| found.mode());
        if !mode.is_ok_and(|mode| mode & 0o444 == 0o444 && mode & 0o022 == 0) {
            return Ok(None);
        }
        let path = StagedPath(self.name());
        // By the open file: a name could be another file's by now.
        let opened = format!("/proc/self/fd/{}", source.as_raw_fd());
        if linkat(CWD, opened, CWD, path.as_path(), AtFlags::SYMLINK_FOLLOW).is_err() {
            return Ok(None);
        }
        match File::open(path.as_path()) {
            Ok(file) => Ok(Some((path, file))),
            Err(source) => Err(failed("open", path.as_path(), source)),
        }
    }

    /// Returns the folder, for files that are written there in other ways.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes names in the pool that this writer is about to make.
    ///
    /// Until [`Staging::settle_links`], the note outlives the writer: whoever comes upon it takes back what no row names.
    /// It is not synced, since it is for writers that are killed; a power cut may lose it, and then prune finds the files.
    pub fn note_links(&self, links: &str) -> Result<(), StagingError> {
        let path = self.folder.join(LINKS);
        self.noted.store(true, Ordering::Relaxed);
        std::fs::write(&path, links).map_err(|source| failed("write", &path, source))
    }

    /// Says that every noted name has its row, or is gone again.
    pub fn settle_links(&self) {
        self.noted.store(false, Ordering::Relaxed);
    }

    /// Returns the folders of writers that are no more and whose links nobody settled.
    pub fn unsettled(root: &Path) -> Result<Vec<Unsettled>, StagingError> {
        let all = root.join(STATE).join("staging");
        let entries = match std::fs::read_dir(&all) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| failed("read", &all, source))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let folder = entry.map_err(|source| failed("read", &all, source))?.path();
            if folder.join(LINKS).exists()
                && let Ok(Some(lock)) = claim(&folder)
            {
                found.push(Unsettled { folder, _lock: lock });
            }
        }
        Ok(found)
    }

    /// Makes a new name for a link, with nothing there yet.
    pub fn name(&self) -> PathBuf {
        self.folder
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.noted.load(Ordering::Relaxed) {
            return;
        }
        // What stays behind is swept by the next writer.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder of a writer that is no more and noted links; nobody else has it.
#[derive(Debug)]
pub struct Unsettled {
    folder: PathBuf,
    _lock: File,
}

impl Unsettled {
    /// Returns what was noted.
    pub fn links(&self) -> Result<String, StagingError> {
        let path = self.folder.join(LINKS);
        std::fs::read_to_string(&path).map_err(|source| failed("read", &path, source))
    }

    /// Deletes it, when its links are settled.
    pub fn delete(self) -> Result<(), StagingError> {
        std::fs::remove_dir_all(&self.folder).map_err(|source| failed("sweep", &self.folder, source))
    }
}

/// A staged file; gone when dropped. A link to it stays.
#[derive(Debug)]
pub struct StagedPath(PathBuf);

impl StagedPath {
    /// Returns its path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StagedPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Deletes the folders that nobody holds.
///
/// Whoever comes upon a folder that another is deleting leaves it to that one: a process that was stopped in the middle
/// holds nobody up.
fn sweep(all: &Path) -> Result<(), StagingError> {
    let entries = std::fs::read_dir(all).map_err(|source| failed("read", all, source))?;
    for entry in entries {
        let path = entry.map_err(|source| failed("read", all, source))?.path();
        // Another user's folder is that user's to sweep.
        let Ok(Some(_lock)) = claim(&path) else { continue };
        // Its links are to be settled first, which takes the catalog.
        if path.join(LINKS).exists() {
            continue;
        }
        std::fs::remove_dir_all(&path).map_err(|source| failed("sweep", &path, source))?;
    }
    Ok(())
}

/// Takes the lock of a folder; nothing if another has it, or deleted the folder before the lock was taken.
fn claim(folder: &Path) -> io::Result<Option<File>> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let lock = match File::open(folder) {
        Ok(lock) => lock,
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    // The lock of a folder that is gone keeps nobody off.
    match folder.symlink_metadata() {
        Ok(_) => Ok(Some(lock)),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> StagingError {
    StagingError {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_writer_left_is_swept_by_one_that_stages_nothing() {
        let root = tempfile::tempdir().unwrap();
        Staging::sweep(root.path()).unwrap();
        let left = root.path().join("state/staging/left");
        std::fs::create_dir_all(&left).unwrap();
        Staging::sweep(root.path()).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_file_is_shared_only_as_long_as_none_but_its_owner_can_change_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let path = root.path().join("a.deb");
        std::fs::write(&path, "bytes").unwrap();
        let share = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            staging.share(&File::open(&path).unwrap()).unwrap()
        };
        let (shared, file) = share(0o644).unwrap();
        assert_eq!(std::fs::read(shared.as_path()).unwrap(), b"bytes");
        let is_link = path.metadata().unwrap().ino() == file.metadata().unwrap().ino();
        drop(shared);
        assert!(path.exists());
        // A clone is a file of its own, whatever the mode of the other.
        for mode in [0o600, 0o664, 0o666] {
            assert_eq!(share(mode).is_none(), is_link, "{mode:o}");
        }
    }

    #[test]
    fn what_a_dead_writer_left_is_swept_and_what_a_live_one_holds_is_not() {
        let root = tempfile::tempdir().unwrap();
        let live = Staging::new(root.path()).unwrap();
        let (held, _) = live.create().unwrap();
        let left = root.path().join("state/staging/left");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("0"), "x").unwrap();

        let _next = Staging::new(root.path()).unwrap();

        assert!(!left.exists());
        assert!(held.as_path().exists());
    }

    #[test]
    fn a_sweep_that_stands_still_holds_nobody_up() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("state/staging/left");
        std::fs::create_dir_all(&left).unwrap();
        let sweeping = claim(&left).unwrap().unwrap();

        drop(Staging::new(root.path()).unwrap());

        assert!(left.exists());
        drop(sweeping);
        Staging::sweep(root.path()).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn writers_that_start_at_once_keep_their_folders() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let staging = Staging::new(root.path()).unwrap();
                        let (path, _) = staging.create().unwrap();
                        assert!(path.as_path().exists());
                    }
                });
            }
        });
        assert_eq!(
            std::fs::read_dir(root.path().join("state/staging"))
                .unwrap()
                .count(),
            0
        );
    }
}
