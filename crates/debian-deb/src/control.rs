//! `control.tar`: the control file, and what stands beside it.

use std::collections::BTreeMap;
use std::io::Read;

use super::DebError;
use super::conffiles::{self, Conffile, ConffilesError};
use super::error::tar_failure;
use super::triggers;
use crate::ar::{Member, MemberName};
use crate::compression::{Bounds, Compression, Decoder, Streams};
use crate::tarball::{EntryKind, TarBounds, TarEntry, printable, walk};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;

/// The longest name of a file that dpkg takes here, in bytes.
const MAX_NAME: usize = 100;

/// What is set aside for a file before it is read: enough for most, whatever a header says.
const RESERVED: u64 = 16 * 1024;

/// The files of `control.tar`, by name.
///
/// All in memory: together they are no longer than [`Limits::max_control_tar_bytes`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlFiles(BTreeMap<String, Vec<u8>>);

impl ControlFiles {
    /// The programs dpkg and debconf run from a package.
    ///
    /// Source: Debian Policy 6.1; debconf-devel(7) for `config`.
    pub const SCRIPTS: [&'static str; 5] = ["preinst", "postinst", "prerm", "postrm", "config"];

    /// Returns the content of one file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Returns the names of all files, in byte order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the names of the maintainer scripts the package has.
    pub fn scripts(&self) -> impl Iterator<Item = &'static str> {
        Self::SCRIPTS
            .into_iter()
            .filter(|name| self.0.contains_key(*name))
    }

    /// Returns the configuration files, in the order of `conffiles`; none when there is no such file.
    ///
    /// # Errors
    ///
    /// When dpkg would refuse the file. [`read`](super::read) has done so before it answers.
    pub fn conffiles(&self) -> Result<Vec<Conffile>, ConffilesError> {
        conffiles::parse(self.get("conffiles").unwrap_or_default())
    }
}

/// Reads `control.tar` whole, and what its `control` says.
pub(super) fn read_control<R: Read>(
    member: Member<'_, R>,
    compression: Compression,
    limits: &Limits,
) -> Result<(BinaryPackage, ControlFiles), DebError> {
    let name = member.name().clone();
    let bounds = Bounds::new(limits, limits.max_control_tar_bytes);
    let decoder = Decoder::new(compression, Streams::Package, member, bounds).map_err(DebError::Io)?;
    let bounds = TarBounds {
        max_entries: limits.max_control_entries,
        max_path_bytes: limits.max_path_bytes,
        max_paths_bytes: limits.max_control_tar_bytes,
    };
    let mut files = ControlFiles::default();
    walk(decoder, &bounds, |entry, content| {
        take_file(&mut files, &name, entry, content, limits)
    })
    .map_err(|error| tar_failure(name.clone(), error))?;
    let Some(control) = files.get("control") else {
        return Err(DebError::NoControl { member: name });
    };
    files.conffiles().map_err(|problem| DebError::Conffiles {
        member: name.clone(),
        problem,
    })?;
    triggers::check(files.get("triggers").unwrap_or_default()).map_err(|problem| DebError::Triggers {
        member: name.clone(),
        problem,
    })?;
    match BinaryPackage::parse(control, limits) {
        Ok(package) => Ok((package, files)),
        Err(problem) => Err(DebError::Control {
            member: name,
            problem,
        }),
    }
}

/// Takes one entry of `control.tar`.
///
/// dpkg unpacks the archive into an empty directory and reads the files there, so links and directories could make one
/// entry change what another one says. Nothing but files directly below the root is taken, each once, and under a name as
/// apt knows it: apt finds no `/control` and no `.//control`.
fn take_file(
    files: &mut ControlFiles,
    member: &MemberName,
    entry: &TarEntry,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<(), DebError> {
    let path = &entry.path;
    let wrong = |found| {
        Err(DebError::ControlEntry {
            member: member.clone(),
            path: path.clone(),
            found,
        })
    };
    match entry.kind {
        EntryKind::File => {}
        EntryKind::Directory if path.is_root() => return Ok(()),
        EntryKind::Directory => return wrong("a directory"),
        EntryKind::Symlink { .. } => return wrong("a symbolic link"),
        EntryKind::Hardlink { .. } => return wrong("a hard link"),
        EntryKind::CharDevice | EntryKind::BlockDevice => return wrong("a device"),
        EntryKind::Fifo => return wrong("a named pipe"),
    }
    if path.components().count() > 1 {
        return wrong("a file in a directory");
    }
    let Some(name) = path.as_str() else {
        return wrong("a file whose name is not UTF-8");
    };
    if name.len() > MAX_NAME {
        return wrong("a file whose name is longer than the 100 bytes that dpkg takes");
    }
    if entry.name.strip_prefix(b"./").unwrap_or(&entry.name) != name.as_bytes() {
        return Err(DebError::ControlName {
            member: member.clone(),
            found: printable(&entry.name),
            expected: name.to_owned(),
        });
    }
    if name == "control" && entry.size > limits.max_control_bytes as u64 {
        let (size, max) = (entry.size, limits.max_control_bytes);
        return Err(DebError::ControlTooLarge {
            member: member.clone(),
            size,
            max,
        });
    }
    let mut bytes = Vec::with_capacity(entry.size.min(RESERVED) as usize);
    // The walk reports what went wrong here.
    let _ = content.read_to_end(&mut bytes);
    match files.0.insert(name.to_owned(), bytes) {
        Some(_) => Err(DebError::ControlTwice {
            member: member.clone(),
            path: path.clone(),
        }),
        None => Ok(()),
    }
}
