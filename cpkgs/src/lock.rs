//! One process at a time changes a folder.
//!
//! The lock is the kernel's: it goes with the process, however that ends, and leaves nothing to clean up.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The right to change a folder, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a folder cannot be locked.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock `{}`", path.display())]
pub struct LockError {
    path: PathBuf,
    source: io::Error,
}

impl Lock {
    /// Waits until no other process has the lock of a folder, which is made where there is none.
    ///
    /// `waiting` is called once when another one has it, with its process number where that is known.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written to.
    pub fn take(folder: &Path, waiting: impl FnOnce(Option<u32>)) -> Result<Self, LockError> {
        let path = folder.join("lock");
        let failed = |source| LockError {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                waiting(holder(&mut file));
                wait(&file).map_err(failed)?;
            }
            locked => locked.map_err(|error| failed(error.into()))?,
        }
        // For the message of who waits; the lock itself needs it not.
        let told = file.set_len(0).and_then(|()| file.rewind());
        let _ = told.and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn wait(file: &File) -> io::Result<()> {
    loop {
        match flock(file, FlockOperation::LockExclusive) {
            Err(Errno::INTR) => {}
            locked => return Ok(locked?),
        }
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_waits_and_knows_for_whom() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), |_| panic!("nobody has it")).unwrap();
        let (told, holder) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::take(folder.path(), |holder| told.send(holder).unwrap()));
            assert_eq!(holder.recv().unwrap(), Some(std::process::id()));
            drop(first);
            second.join().unwrap().unwrap();
        });
    }
}
