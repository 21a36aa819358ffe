//! One writer at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// A lock on a folder; it is let go when this is dropped, or when the process ends however it does.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a folder, which is made where it is missing.
    ///
    /// When somebody else has it, `waiting` is told which process that is, once, and then it is waited for. A process that has taken it at
    /// this moment may not have said yet which one it is.
    ///
    /// # Errors
    /// When the folder or the file in it cannot be made or locked.
    pub fn take(folder: &Path, waiting: impl FnOnce(Option<u32>)) -> io::Result<Self> {
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
            // Without its line break, more digits may come.
            let number = holder.strip_suffix('\n').and_then(|number| number.parse().ok());
            waiting(number);
            flock(&file, FlockOperation::LockExclusive)?;
        }
        file.set_len(0)?;
        io::Seek::rewind(&mut file)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    /// Whoever takes it next is another process.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
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
        let second = std::thread::spawn(move || Lock::take(&path, |holder| told.send(holder).unwrap()));
        assert_eq!(hears.recv().unwrap(), Some(std::process::id()));
        drop(first);
        second.join().unwrap().unwrap();
        // Who has it and has not written its number yet.
        let file = File::open(folder.path().join("lock")).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        flock(&file, FlockOperation::LockExclusive).unwrap();
        let (told, hears) = std::sync::mpsc::channel();
        let path = folder.path().to_owned();
        let third = std::thread::spawn(move || Lock::take(&path, |holder| told.send(holder).unwrap()));
        assert_eq!(hears.recv().unwrap(), None);
        drop(file);
        third.join().unwrap().unwrap();
    }
}
