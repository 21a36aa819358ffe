//! Whether dpkg could unpack the entries of `data.tar`, one after the other, on a root that has nothing yet.
//!
//! dpkg makes directories at once, and puts everything else beside its place until all entries are there. So a file must
//! lie in a directory that came before it, nothing can lie beneath a symbolic link of the same package, and a hard link
//! must name an earlier file in the spelling of that file's own entry.
//!
//! Stricter than dpkg where what it makes depends on the order of entries and other readers make something else of it:
//! a path that is a directory in one entry and something else in another, and hard links to absolute paths.
//!
//! Keeps one record a path; [`Limits`](debian_control::limits::Limits) bounds entries and the bytes of paths.
//!
//! Source: `tarobject` and `tar_deferred_extract` in dpkg's `src/main/archives.c`.

use std::collections::HashMap;

use super::conffiles::Conffile;
use crate::tarball::{DataPath, EntryKind, TarEntry, printable};

/// The longest name of one file: dpkg adds `.dpkg-new`, and Linux takes 255 bytes.
const MAX_NAME: usize = 246;
/// The longest path: dpkg adds a slash and `.dpkg-new`, and Linux takes 4095 bytes.
const MAX_PATH: usize = 4085;
/// The longest target of a symbolic link that Linux takes.
const MAX_TARGET: usize = 4095;

/// Folders that are on every root, since dpkg's database lies in them.
const DPKG_FOLDERS: [&[u8]; 6] = [
    b"var",
    b"var/lib",
    b"var/lib/dpkg",
    b"var/lib/dpkg/info",
    b"var/lib/dpkg/updates",
    b"var/lib/dpkg/triggers",
];

/// What is wrong with an entry of `data.tar`, given those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// No entry before it makes its directory.
    #[error("no entry before it makes its directory `{0}`")]
    NoParent(DataPath),
    /// It lies beneath something that is no directory.
    #[error("it lies beneath `{parent}`, which is {kind} of the same package")]
    Beneath {
        /// What it lies beneath.
        parent: DataPath,
        /// What that is.
        kind: &'static str,
    },
    /// A directory and something else under one path.
    #[error("it is {kind} in the place of {before}")]
    Replaced {
        /// What it is.
        kind: &'static str,
        /// What an earlier entry made there.
        before: &'static str,
    },
    /// One path in two spellings, such as `a//b` and `a/b`.
    #[error("an earlier entry has the same path, spelled in another way")]
    Spelling,
    /// It is something else than a directory where dpkg keeps its database.
    #[error("it is {0} in the place of a directory of dpkg's own database")]
    DpkgFolder(&'static str),
    /// A hard link that goes by an absolute path.
    #[error("it is a hard link to the absolute path `{0}`, expected the path of an earlier entry")]
    AbsoluteTarget(String),
    /// A hard link to something that is no earlier file of the package.
    #[error("it is a hard link to `{target}`, which is {found}, expected an earlier file of the package")]
    Target {
        /// The target as it stands in the archive.
        target: String,
        /// What it is.
        found: &'static str,
    },
    /// A name that has no room for what dpkg adds.
    #[error("its name is {found} bytes long, more than the {MAX_NAME} that dpkg can unpack")]
    NameTooLong {
        /// Bytes found.
        found: usize,
    },
    /// A path that has no room for what dpkg adds.
    #[error("its path is {found} bytes long, more than the {MAX_PATH} that dpkg can unpack")]
    PathTooLong {
        /// Bytes found.
        found: usize,
    },
    /// A symbolic link whose target no file system takes.
    #[error("its link target is {found} bytes long, more than {MAX_TARGET}")]
    TargetTooLong {
        /// Bytes found.
        found: usize,
    },
}

/// What is wrong with a line of `conffiles`, given the files of the package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConffileConflict {
    /// It is no file in the package.
    #[error("`{path}` is {found} in the package, expected a file or a symbolic link")]
    NoFile {
        /// The path.
        path: String,
        /// What it is.
        found: &'static str,
    },
    /// It lies beneath something that is no directory.
    #[error("`{path}` lies beneath `{parent}`, which is {found} in the package")]
    Beneath {
        /// The path.
        path: String,
        /// What it lies beneath.
        parent: DataPath,
        /// What that is.
        found: &'static str,
    },
    /// A file that goes on upgrade is in the package that upgrades.
    #[error("`{0}` is marked `remove-on-upgrade`, and the package has it")]
    RemovedAndShipped(String),
    /// A name that has no room for what dpkg adds.
    #[error("`{path}` has a name of {found} bytes, more than the {MAX_NAME} that dpkg can unpack")]
    NameTooLong {
        /// The path.
        path: String,
        /// Bytes found.
        found: usize,
    },
}

/// What the entries so far have made.
#[derive(Debug, Default)]
pub(super) struct Layout {
    nodes: HashMap<DataPath, LayoutNode>,
}

#[derive(Debug)]
struct LayoutNode {
    kind: NodeKind,
    /// The name as dpkg compares it, where that is not the path.
    spelling: Option<Box<[u8]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    Directory,
    File,
    Symlink,
    Hardlink,
    Device,
    Pipe,
}

impl NodeKind {
    fn of(kind: &EntryKind) -> Self {
        match kind {
            EntryKind::File => Self::File,
            EntryKind::Directory => Self::Directory,
            EntryKind::Symlink { .. } => Self::Symlink,
            EntryKind::Hardlink { .. } => Self::Hardlink,
            EntryKind::CharDevice | EntryKind::BlockDevice => Self::Device,
            EntryKind::Fifo => Self::Pipe,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::File => "a file",
            Self::Symlink => "a symbolic link",
            Self::Hardlink => "a hard link",
            Self::Device => "a device",
            Self::Pipe => "a named pipe",
        }
    }

    /// Whether an entry of this kind may come again as one of the other: the last of them counts.
    fn may_become(self, other: Self) -> bool {
        let is_plain = |kind| matches!(kind, Self::File | Self::Symlink | Self::Hardlink);
        (self == Self::Directory && other == Self::Directory) || (is_plain(self) && is_plain(other))
    }
}

impl Layout {
    /// Takes the next entry.
    pub(super) fn take(&mut self, entry: &TarEntry) -> Result<(), LayoutError> {
        let kind = NodeKind::of(&entry.kind);
        check_lengths(entry)?;
        if entry.path.is_root() {
            return Ok(());
        }
        self.check_parent(&entry.path)?;
        if !matches!(kind, NodeKind::Directory | NodeKind::Symlink)
            && DPKG_FOLDERS.contains(&entry.path.as_bytes())
        {
            return Err(LayoutError::DpkgFolder(kind.noun()));
        }
        let name = as_compared(&entry.name);
        if let Some(before) = self.nodes.get(&entry.path) {
            if !before.kind.may_become(kind) {
                return Err(LayoutError::Replaced {
                    kind: kind.noun(),
                    before: before.kind.noun(),
                });
            }
            if kind != NodeKind::Directory && before.spelling(&entry.path) != name {
                return Err(LayoutError::Spelling);
            }
        }
        if let EntryKind::Hardlink { target, name } = &entry.kind {
            self.check_target(entry, target, name)?;
        }
        let spelling = (name != entry.path.as_bytes()).then(|| name.into());
        self.nodes
            .insert(entry.path.clone(), LayoutNode { kind, spelling });
        Ok(())
    }

    fn check_parent(&self, path: &DataPath) -> Result<(), LayoutError> {
        let Some(parent) = path.parent().filter(|parent| !parent.is_root()) else {
            return Ok(());
        };
        match self.nodes.get(&parent).map(|node| node.kind) {
            Some(NodeKind::Directory) => Ok(()),
            Some(kind) => Err(LayoutError::Beneath {
                parent,
                kind: kind.noun(),
            }),
            None => match self.closest(&parent) {
                Some((parent, kind)) => Err(LayoutError::Beneath {
                    parent,
                    kind: kind.noun(),
                }),
                None => Err(LayoutError::NoParent(parent)),
            },
        }
    }

    /// Returns what is no directory and stands on the way to a path.
    fn closest(&self, path: &DataPath) -> Option<(DataPath, NodeKind)> {
        let mut above = path.parent();
        while let Some(path) = above {
            if let Some(node) = self
                .nodes
                .get(&path)
                .filter(|node| node.kind != NodeKind::Directory)
            {
                return Some((path, node.kind));
            }
            above = path.parent();
        }
        None
    }

    fn check_target(&self, entry: &TarEntry, target: &DataPath, name: &[u8]) -> Result<(), LayoutError> {
        if name.starts_with(b"/") {
            return Err(LayoutError::AbsoluteTarget(printable(name)));
        }
        let wrong = |found| {
            Err(LayoutError::Target {
                target: printable(name),
                found,
            })
        };
        if *target == entry.path {
            return wrong("itself");
        }
        match self.nodes.get(target) {
            None => wrong("in no entry before it"),
            Some(node) if matches!(node.kind, NodeKind::Directory | NodeKind::Symlink) => {
                wrong(node.kind.noun())
            }
            // dpkg looks the target up by its name as it is written.
            Some(node) if node.spelling(target) != as_compared(name) => {
                wrong("an entry spelled in another way")
            }
            Some(_) => Ok(()),
        }
    }

    /// Checks the configuration files against all entries.
    pub(super) fn check_conffile(&self, file: &Conffile) -> Result<(), ConffileConflict> {
        let shown = || printable(&file.path);
        let longest = file.path.split(|&byte| byte == b'/').map(<[u8]>::len).max();
        if let Some(found) = longest.filter(|&length| length > MAX_NAME) {
            return Err(ConffileConflict::NameTooLong { path: shown(), found });
        }
        // A path that climbs is no entry's: the reader takes none that does.
        let Ok(path) = DataPath::parse(&file.path) else {
            return Ok(());
        };
        if let Some((parent, kind)) = self.closest(&path).filter(|(_, kind)| *kind != NodeKind::Symlink) {
            return Err(ConffileConflict::Beneath {
                path: shown(),
                parent,
                found: kind.noun(),
            });
        }
        match self.nodes.get(&path).map(|node| node.kind) {
            None => Ok(()),
            Some(_) if file.remove_on_upgrade => Err(ConffileConflict::RemovedAndShipped(shown())),
            Some(NodeKind::File | NodeKind::Symlink | NodeKind::Hardlink) => Ok(()),
            Some(kind) => Err(ConffileConflict::NoFile {
                path: shown(),
                found: kind.noun(),
            }),
        }
    }
}

impl LayoutNode {
    fn spelling<'a>(&'a self, path: &'a DataPath) -> &'a [u8] {
        self.spelling.as_deref().unwrap_or(path.as_bytes())
    }
}

fn check_lengths(entry: &TarEntry) -> Result<(), LayoutError> {
    let name = entry.path.components().last().unwrap_or_default();
    if name.len() > MAX_NAME {
        return Err(LayoutError::NameTooLong { found: name.len() });
    }
    if entry.name.len() > MAX_PATH {
        return Err(LayoutError::PathTooLong {
            found: entry.name.len(),
        });
    }
    match &entry.kind {
        EntryKind::Symlink { target } if target.len() > MAX_TARGET => {
            Err(LayoutError::TargetTooLong { found: target.len() })
        }
        _ => Ok(()),
    }
}

/// Drops what dpkg drops at the start of a name: slashes, and `./` any number of times.
fn as_compared(mut name: &[u8]) -> &[u8] {
    loop {
        name = match name {
            [b'/', rest @ ..] | [b'.', b'/', rest @ ..] => rest,
            name => return name,
        };
    }
}
