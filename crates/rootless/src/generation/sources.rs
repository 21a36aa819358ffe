//! The folders of packages that a generation takes its files from, opened.

use std::collections::VecDeque;
use std::io;

use super::package::Package;
use crate::rooted_dir::RootedDir;

/// Most folders that are open at once, each with the one below it that was read last: few enough for the lowest limits of open files,
/// enough for files of many packages that lie beside each other.
const MOST_OPEN: usize = 30;

/// Opens the folder of a package when it is first needed, and closes others for it: how many packages a generation has does not
/// depend on how many files may be open.
pub(super) struct Sources<'p> {
    packages: &'p [Package],
    folders: Vec<Option<RootedDir>>,
    /// Those that are open, the oldest first.
    open: VecDeque<usize>,
}

impl<'p> Sources<'p> {
    pub(super) fn new(packages: &'p [Package]) -> Self {
        Self {
            packages,
            folders: packages.iter().map(|_| None).collect(),
            open: VecDeque::new(),
        }
    }

    /// Returns the folder of the package with a number.
    ///
    /// # Errors
    /// When it cannot be opened, or there is no such package.
    pub(super) fn of(&mut self, owner: usize) -> io::Result<&mut RootedDir> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let package = self.packages.get(owner).ok_or_else(missing)?;
        let is_open = self.folders.get(owner).is_some_and(Option::is_some);
        if !is_open {
            if self.open.len() >= MOST_OPEN
                && let Some(oldest) = self.open.pop_front()
                && let Some(folder) = self.folders.get_mut(oldest)
            {
                *folder = None;
            }
            self.open.push_back(owner);
        }
        let folder = self.folders.get_mut(owner).ok_or_else(missing)?;
        match folder {
            Some(folder) => Ok(folder),
            None => Ok(folder.insert(RootedDir::open(&package.folder.join("tree"))?)),
        }
    }
}
