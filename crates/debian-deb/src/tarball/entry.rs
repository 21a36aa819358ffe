//! One entry of a tar archive.

use super::path::DataPath;

/// One entry of a tar archive, its header checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarEntry {
    /// Where it goes, relative to the root.
    pub path: DataPath,
    /// Its name as it stands in the archive, less the slash at the end of a directory's.
    pub name: Box<[u8]>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with set-user-id, set-group-id and sticky: the low twelve bits of `st_mode`.
    pub mode: u32,
    /// Time of the last change, in seconds since 1970; may lie before.
    pub mtime: i64,
    /// Bytes of content; zero for everything but files.
    pub size: u64,
}

/// What an [`TarEntry`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, with content.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to a target of any form, never empty.
    Symlink {
        /// Where it points, as it stands in the archive.
        target: Box<[u8]>,
    },
    /// Another name for an earlier entry.
    Hardlink {
        /// The other entry's path.
        target: DataPath,
        /// The target as it stands in the archive.
        name: Box<[u8]>,
    },
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
}
