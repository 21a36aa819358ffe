//! Writing beneath a folder, and never outside of it, whatever the paths say.
//!
//! The store unpacks packages through this, and generations are built through it. Every component of a path is opened by
//! itself and without following links, so that no symbolic link can lead a write away; files are made anew or not at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat, symlinkat};
use rustix::io::Errno;

/// The permissions of every folder: who may write is not the package's business where there is one user only.
const FOLDER: u32 = 0o755;

/// A folder that things are written beneath.
#[derive(Debug)]
pub struct RootedDir {
    root: OwnedFd,
    /// The folder that was written to last: entries of a package come folder by folder.
    last: Option<(Vec<u8>, OwnedFd)>,
}

impl RootedDir {
    /// Opens a folder that is there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened; a symbolic link in its place is one.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let root = rustix::fs::open(folder, flags, Mode::empty())?;
        Ok(Self { root, last: None })
    }

    /// Makes a folder and those above it; one that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// When something on the way is no folder, and when it cannot be made.
    pub fn folder(&mut self, path: &[u8]) -> io::Result<()> {
        self.enter(path).map(|_| ())
    }

    /// Makes a new file with these permission bits, open for writing.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when anything stands there, a dangling link included.
    pub fn file(&mut self, path: &[u8], mode: u32) -> io::Result<File> {
        let (folder, name) = self.place(path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(folder, name, flags, Mode::from_raw_mode(0o600))?;
        // Whatever the umask says.
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        Ok(File::from(file))
    }

    /// Makes a symbolic link, which nothing here ever follows.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when anything stands there.
    pub fn symlink(&mut self, path: &[u8], target: &[u8]) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        Ok(symlinkat(OsStr::from_bytes(target), folder, name)?)
    }

    /// Makes another name for a file that lies beneath the same folder.
    ///
    /// # Errors
    ///
    /// When there is no such file, and [`io::ErrorKind::AlreadyExists`] when anything stands there.
    pub fn hard_link(&mut self, path: &[u8], target: &[u8]) -> io::Result<()> {
        let (folder, name) = self.place(target)?;
        let folder = folder.try_clone_to_owned()?;
        self.link_from(folder.as_fd(), name.as_bytes(), path)
    }

    /// Makes a name for a file of another folder, which is not followed where it is a symbolic link.
    ///
    /// # Errors
    ///
    /// When there is no such file, and [`io::ErrorKind::AlreadyExists`] when anything stands there.
    pub fn link_from(&mut self, from: BorrowedFd<'_>, target: &[u8], path: &[u8]) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        let target = OsStr::from_bytes(target);
        Ok(linkat(from, target, folder, name, AtFlags::empty())?)
    }

    /// Returns the folder that a path lies in, opened, with the last component.
    pub fn place<'a>(&mut self, path: &'a [u8]) -> io::Result<(BorrowedFd<'_>, &'a OsStr)> {
        let cut = path.iter().rposition(|&byte| byte == b'/');
        let (folder, name) = match cut {
            Some(cut) => (path.get(..cut), path.get(cut + 1..)),
            None => (Some(&b""[..]), Some(path)),
        };
        match (folder, name) {
            (Some(folder), Some(name)) if is_name(name) => Ok((self.enter(folder)?, OsStr::from_bytes(name))),
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }

    fn enter(&mut self, path: &[u8]) -> io::Result<BorrowedFd<'_>> {
        if self.last.as_ref().is_none_or(|(known, _)| known != path) {
            let folder = self.walk(path)?;
            self.last = Some((path.to_vec(), folder));
        }
        let last = self.last.as_ref().map(|(_, folder)| folder);
        Ok(last.unwrap_or(&self.root).as_fd())
    }

    fn walk(&self, path: &[u8]) -> io::Result<OwnedFd> {
        // From the folder that was written to last, where this one is in it.
        let within = self.last.as_ref().and_then(|(known, folder)| {
            let rest = path.strip_prefix(known.as_slice())?;
            (known.is_empty() || rest.first() == Some(&b'/')).then_some((folder, rest))
        });
        let (from, path) = within.unwrap_or((&self.root, path));
        let mut here = from.try_clone()?;
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            if !is_name(name) {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            here = step(&here, OsStr::from_bytes(name))?;
        }
        Ok(here)
    }
}

/// Opens a folder in a folder, options it where there is none.
fn step(here: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    match openat(here, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => {}
        opened => return Ok(opened?),
    }
    match mkdirat(here, name, Mode::from_raw_mode(FOLDER)) {
        Err(error) if error != Errno::EXIST => return Err(error.into()),
        _ => {}
    }
    Ok(openat(here, name, flags, Mode::empty())?)
}

fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn no_write_goes_through_a_symbolic_link() {
        let outside = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir().unwrap();
        let mut beneath = RootedDir::open(inside.path()).unwrap();
        beneath
            .symlink(b"a/link", outside.path().as_os_str().as_bytes())
            .unwrap();
        assert!(beneath.file(b"a/link/evil", 0o644).is_err());
        assert!(beneath.file(b"a/link", 0o644).is_err());
        assert!(beneath.folder(b"a/link/evil").is_err());
        assert!(beneath.symlink(b"a/link/evil", b"x").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn climbing_paths_are_refused() {
        let inside = tempfile::tempdir().unwrap();
        let mut beneath = RootedDir::open(inside.path()).unwrap();
        for path in [&b".."[..], b"../a", b"a/../../b", b"a/..", b".", b""] {
            let error = beneath.file(path, 0o644).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
    }

    #[test]
    fn a_file_is_new_and_has_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let inside = tempfile::tempdir().unwrap();
        let mut beneath = RootedDir::open(inside.path()).unwrap();
        beneath
            .file(b"usr/bin/a", 0o555)
            .unwrap()
            .write_all(b"x")
            .unwrap();
        let mode = inside.path().join("usr/bin/a").metadata().unwrap();
        assert_eq!(mode.permissions().mode() & 0o7777, 0o555);
        let error = beneath.file(b"usr/bin/a", 0o644).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
