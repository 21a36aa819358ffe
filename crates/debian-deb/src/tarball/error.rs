//! What can be wrong with a tar archive.

use std::fmt;
use std::io;

use thiserror::Error;

use super::path::printable;
use super::{DataPath, PathError};

/// Which entry of an archive: its number, counted from one with every header, and its name where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlace {
    number: u64,
    name: Option<String>,
}

impl EntryPlace {
    pub(super) fn number(number: u64) -> Self {
        Self { number, name: None }
    }

    /// The place of a header whose name is not known to be right, but helps to find it.
    pub(super) fn of(number: u64, raw: &tar::Header) -> Self {
        let name = raw
            .as_old()
            .name
            .split(|&byte| byte == 0)
            .next()
            .unwrap_or_default();
        Self {
            number,
            name: (!name.is_empty()).then(|| printable(name)),
        }
    }

    pub(super) fn named(number: u64, path: &DataPath) -> Self {
        Self {
            number,
            name: Some(path.to_string()),
        }
    }

    pub(super) fn with_name(self, raw: &[u8]) -> Self {
        Self {
            name: Some(printable(raw)),
            ..self
        }
    }
}

impl fmt::Display for EntryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "entry {} `{name}`", self.number),
            None => write!(f, "entry {}", self.number),
        }
    }
}

/// Why a tar archive was refused.
#[derive(Debug, Error)]
pub enum TarError {
    /// One entry is not as dpkg reads it.
    #[error("{place}: {problem}")]
    Entry {
        /// Which entry.
        place: EntryPlace,
        /// What is wrong with it.
        problem: HeaderError,
    },
    /// There is no archive at all.
    #[error("it is empty: not even an end mark")]
    Empty,
    /// Something follows the end mark.
    #[error("bytes other than zero follow its end mark")]
    AfterEnd,
    /// More entries than allowed.
    #[error("more than {max} entries")]
    TooManyEntries {
        /// The bound.
        max: u64,
    },
    /// More path bytes than allowed.
    #[error("its paths are longer than {max_bytes} bytes together")]
    PathsTooLong {
        /// The bound.
        max_bytes: u64,
    },
    /// The reader below failed.
    #[error("cannot read the tar archive")]
    Read(#[source] io::Error),
}

/// What is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The blocks of the archive do not add up: a checksum differs, or the archive ends too early.
    #[error("{0}")]
    Malformed(String),
    /// A number that cannot be parsed, or that readers take differently.
    #[error("its {field} is `{found}`, not an octal number as dpkg reads it")]
    Number {
        /// Which field of the header.
        field: &'static str,
        /// What stands there, escaped.
        found: String,
    },
    /// The checksum is not that of the header.
    #[error("its header checksum is {stated}, its bytes add up to {actual}")]
    Checksum {
        /// What the header says.
        stated: u64,
        /// What it is.
        actual: u64,
    },
    /// Neither ustar, nor GNU, nor plain old tar.
    #[error("its header has the unknown magic `{found}`")]
    Magic {
        /// What stands there, escaped.
        found: String,
    },
    /// A type of entry that dpkg does not read.
    #[error("its type `{found}` ({meaning}) is not read by dpkg")]
    Type {
        /// The type flag, escaped.
        found: String,
        /// What it would mean.
        meaning: &'static str,
    },
    /// The header names nothing.
    #[error("its name is empty")]
    NoName,
    /// Content after something that has none: readers disagree on whether to skip it.
    #[error("it is {kind} and yet {size} bytes long")]
    Content {
        /// What it is.
        kind: &'static str,
        /// Its size as the header gives it.
        size: u64,
    },
    /// A header with a long name that nothing can use as dpkg does.
    #[error("its long name {0}")]
    LongName(LongNameError),
    /// A path that leads out of the package or into dpkg's lists.
    #[error(transparent)]
    Path(PathError),
    /// A path longer than allowed.
    #[error("its path is {found} bytes long, more than {max}")]
    PathTooLong {
        /// Its length.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// A link that points nowhere.
    #[error("it is a link without a target")]
    NoTarget,
    /// A link that points out of the package.
    #[error("it is a hard link whose target {}", target_problem(.0))]
    Target(PathError),
    /// The path of a directory for something that is not a directory.
    #[error("its name is that of a directory, but it is {kind}")]
    Slash {
        /// What it is.
        kind: &'static str,
    },
    /// More than one slash at the end of a name.
    #[error("its name ends with several slashes")]
    Slashes,
    /// The content ends too early.
    #[error("the archive ends after {found} of its {size} bytes")]
    Truncated {
        /// Its size as the header gives it.
        size: u64,
        /// Bytes there are.
        found: u64,
    },
}

/// What is wrong with a GNU long name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LongNameError {
    /// It is longer than allowed.
    #[error("is {size} bytes long, more than {max}")]
    TooLong {
        /// Its size with the NUL at the end.
        size: u64,
        /// The bound.
        max: usize,
    },
    /// It is not exactly one C string.
    #[error("is not text up to one NUL at its end")]
    NotTerminated,
    /// It follows another one.
    #[error("follows another long name for the same entry")]
    Doubled,
    /// No entry, or none that has a link target, follows it.
    #[error("belongs to nothing that follows")]
    Unused,
}

fn target_problem(error: &PathError) -> &'static str {
    match error {
        PathError::Parent => "contains `..`",
        PathError::Byte(_) => "contains a NUL or a newline",
    }
}

impl HeaderError {
    pub(super) fn at(self, place: EntryPlace) -> TarError {
        TarError::Entry { place, problem: self }
    }
}

/// Why a walk ended early.
#[derive(Debug, Error)]
pub enum WalkError<E> {
    /// The archive was refused.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// The visitor gave up.
    #[error(transparent)]
    Visit(E),
}
