//! Unpacks the entries of one package, whatever they are.

use std::io::{self, Read};
use std::path::Path;

use debian_control::package::BinaryPackage;
use debian_deb::{ControlFiles, DataEntry, DataKind, DataPath, DataVisitor};
use rustix::fs::{Timespec, Timestamps, futimens};
use rustix::io::Errno;

use super::Expected;
use super::error::Problem;
use super::record::Record;
use crate::rooted_dir::RootedDir;

/// The bits of a mode that make a program run as somebody else, or mean something to directories only.
const SPECIAL: u32 = 0o7000;
/// What is left of a mode: nothing in the store may be written to, and its owner may read it.
const KEPT: u32 = 0o555;
const READABLE: u32 = 0o400;

/// Unpacks what a reader of packages shows it.
pub(super) struct Extraction<'a> {
    expected: &'a Expected,
    tree: RootedDir,
    /// Made when all files are there, so that no file can be written through one.
    symlinks: Vec<(DataPath, Box<[u8]>)>,
    dropped: Vec<String>,
    record: Record,
}

impl<'a> Extraction<'a> {
    pub(super) fn new(tree: &Path, expected: &'a Expected) -> io::Result<Self> {
        Ok(Self {
            expected,
            tree: RootedDir::open(tree)?,
            symlinks: Vec::new(),
            dropped: Vec::new(),
            record: Record::default(),
        })
    }

    /// Makes the symbolic links, and returns what was left out of the package, and what it was unpacked to.
    pub(super) fn finish(mut self) -> io::Result<(Vec<String>, Record)> {
        for (path, target) in std::mem::take(&mut self.symlinks) {
            let made = self.tree.symlink(path.as_bytes(), &target);
            explained(&path, made)?;
            self.record.symlink(path.as_bytes(), &target);
        }
        Ok((self.dropped, self.record))
    }

    fn write(&mut self, entry: &DataEntry, content: &mut dyn Read) -> io::Result<()> {
        let path = entry.path.as_bytes();
        match &entry.kind {
            DataKind::Directory => self.tree.folder(path),
            DataKind::File => self.write_file(entry, content),
            DataKind::Hardlink { target, .. } => match self.tree.hard_link(path, target.as_bytes()) {
                // Nothing there, or a directory.
                Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::PERM)) => {
                    refused(&entry.path, "is a link to a file that the package does not have")
                }
                linked => {
                    self.record.hard_link(path);
                    linked
                }
            },
            DataKind::Symlink { target } => {
                self.symlinks.push((entry.path.clone(), target.clone()));
                Ok(())
            }
            DataKind::CharDevice | DataKind::BlockDevice => refused(&entry.path, "is a device"),
            DataKind::Fifo => refused(&entry.path, "is a named pipe"),
        }
    }

    fn write_file(&mut self, entry: &DataEntry, content: &mut dyn Read) -> io::Result<()> {
        if entry.mode & SPECIAL != 0 {
            let path = &entry.path;
            self.dropped
                .push(format!("{path}: mode {:04o}", entry.mode & 0o7777));
        }
        let mode = entry.mode & KEPT | READABLE;
        let mut file = self.tree.file(entry.path.as_bytes(), mode)?;
        self.record.copy(entry.path.as_bytes(), content, &mut file)?;
        let time = Timespec {
            tv_sec: entry.mtime,
            tv_nsec: 0,
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        Ok(futimens(&file, &times)?)
    }
}

impl DataVisitor for Extraction<'_> {
    fn control(&mut self, package: &BinaryPackage, _: &ControlFiles) -> io::Result<()> {
        self.expected.agrees(package).map_err(io::Error::other)
    }

    fn entry(&mut self, entry: &DataEntry, content: &mut dyn Read) -> io::Result<()> {
        if entry.path.is_root() && entry.kind != DataKind::Directory {
            return refused(&entry.path, "stands in place of the root");
        }
        let written = self.write(entry, content);
        explained(&entry.path, written)
    }
}

/// Says what an error means where it is the package's fault.
fn explained(path: &DataPath, written: io::Result<()>) -> io::Result<()> {
    let Err(error) = written else { return Ok(()) };
    match Errno::from_io_error(&error) {
        Some(Errno::EXIST) => refused(path, "is there twice"),
        Some(Errno::NOTDIR | Errno::LOOP) => refused(path, "lies beneath something that is no directory"),
        _ => Err(error),
    }
}

fn refused<T>(path: &DataPath, why: &str) -> io::Result<T> {
    Err(io::Error::other(Problem::Entry {
        path: path.to_string(),
        why: why.to_owned(),
    }))
}
