//! What an unpacked package holds.

use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::paths::{merged, normal};

/// One path of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::generation) struct Entry {
    /// Relative to the root.
    pub(in crate::generation) path: Vec<u8>,
    /// What stands there.
    pub(in crate::generation) found: Found,
}

/// What stands at a path of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::generation) enum Found {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Whether it may be run.
        program: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: Vec<u8>,
    },
}

impl Entry {
    /// Returns where it leads by its text alone, relative to the root, if it is a link.
    pub(in crate::generation) fn leads_to(&self) -> Option<Vec<u8>> {
        match &self.found {
            Found::Link { target } => Some(merged(&normal(&self.path, target))),
            _ => None,
        }
    }

    /// Says whether it lies where programs do.
    pub(in crate::generation) fn is_among_programs(&self) -> bool {
        let mut parts = self.path.split(|byte| *byte == b'/');
        parts.any(|part| [&b"bin"[..], b"sbin", b"games"].contains(&part))
    }
}

/// Lists a package's tree in the store, in byte order, folders before what lies in them.
///
/// # Errors
///
/// When it cannot be read.
pub(in crate::generation) fn scan(tree: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut folders = vec![Vec::new()];
    while let Some(folder) = folders.pop() {
        let here = tree.join(std::ffi::OsStr::from_bytes(&folder));
        for entry in fs::read_dir(&here)? {
            let entry = entry?;
            let mut path: Vec<u8> = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.file_name().as_bytes());
            let metadata = entry.metadata()?;
            let found = if metadata.is_dir() {
                folders.push(path.clone());
                Found::Folder
            } else if metadata.is_symlink() {
                let target = fs::read_link(entry.path())?.into_os_string().into_vec();
                Found::Link { target }
            } else {
                let program = metadata.permissions().mode() & 0o111 != 0;
                Found::File { program }
            };
            entries.push(Entry { path, found });
        }
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}
