//! The list of a package's files.

use std::io::{self, Read};

use crate::tarball::{DataPath, EntryKind as DataKind, TarEntry as DataEntry};
use crate::visitor::DataVisitor;

/// Collects the paths that are no directories.
#[derive(Default)]
pub(super) struct Lister {
    paths: Vec<DataPath>,
}

impl Lister {
    /// Returns the paths in byte order. One that comes twice in the archive is one file for dpkg, the last.
    pub(super) fn finish(mut self) -> Vec<DataPath> {
        self.paths.sort_unstable();
        self.paths.dedup();
        self.paths
    }
}

impl DataVisitor for Lister {
    fn entry(&mut self, entry: &DataEntry, _content: &mut dyn Read) -> io::Result<()> {
        if entry.kind != DataKind::Directory {
            self.paths.push(entry.path.clone());
        }
        Ok(())
    }
}
