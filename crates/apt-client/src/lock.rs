//! One writer at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// A lock on a folder; it is let go when this is dropped, or when the process ends however it does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder, which is made where it is missing.
    ///
    /// When somebody else has it, `waiting` is told which process that is, once, and then it is waited for.
    ///
    /// # Errors
    /// When the folder or the file in it cannot be made or locked.
    pub fn take(folder: &Path, waiting: impl FnOnce(&str)) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.join("lock"))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // Only what is said depends on it.
            let _ = (&mut file).take(32).read_to_string(&mut holder);
            waiting(holder.trim());
            flock(&file, FlockOperation::LockExclusive)?;
        }
        file.set_len(0)?;
        io::Seek::rewind(&mut file)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_waits_and_is_told_for_whom() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), |_| panic!("nobody has it")).unwrap();
        let (told, hears) = std::sync::mpsc::channel();
        let path = folder.path().to_owned();
        let second =
            std::thread::spawn(move || Lock::take(&path, |holder| told.send(holder.to_owned()).unwrap()));
        assert_eq!(hears.recv().unwrap(), std::process::id().to_string());
        drop(first);
        second.join().unwrap().unwrap();
    }
}
