//! What can be wrong with a package.

use std::fmt;
use std::io;

use thiserror::Error;

use super::conffiles::ConffilesError;
use super::layout::{ConffileConflict, LayoutError};
use super::triggers::TriggersError;
use crate::ar::{ArError, MemberName};
use crate::compression::{Compression, CompressionError};
use crate::tarball::{DataPath, TarError, WalkError};
use debian_control::package::ControlError;

/// The members that make a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `debian-binary`: the version of the format.
    Format,
    /// `control.tar`: what the package says of itself, and its maintainer scripts.
    Control,
    /// `data.tar`: its files.
    Data,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Format, Self::Control, Self::Data];

    /// The member's name, up to the extension of its compression.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Format => "debian-binary",
            Self::Control => "control.tar",
            Self::Data => "data.tar",
        }
    }

    /// Whether dpkg reads the member when it is so compressed.
    pub(super) fn allows(self, compression: Compression) -> bool {
        match (self, compression) {
            (Self::Format, _) => false,
            (Self::Control, Compression::Bzip2 | Compression::Lzma) => false,
            (Self::Control | Self::Data, _) => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// Why a package was refused. Every message stands alone on one line and names the member and the entry.
#[derive(Debug, Error)]
pub enum DebError {
    /// The reader failed; nothing is known of the package.
    #[error("cannot read the package")]
    Io(#[source] io::Error),
    /// The outer archive is broken.
    #[error("{0}")]
    Ar(ArError),
    /// The file ends before a member it must have.
    #[error("there is no member `{role}`")]
    Missing {
        /// Which member.
        role: Role,
    },
    /// Another member stands where one that it must have belongs.
    #[error("member `{found}` stands where `{role}` belongs")]
    Premature {
        /// What is there.
        found: MemberName,
        /// What belongs there.
        role: Role,
    },
    /// A second set of members behind the first.
    #[error("member `{found}` stands behind `data.tar`, where no reader would agree on it")]
    AfterData {
        /// What is there.
        found: MemberName,
    },
    /// A tar archive is compressed in a way that dpkg does not read.
    #[error("member `{member}`: dpkg reads {} only", names(*.role))]
    UnknownCompression {
        /// Its name.
        member: MemberName,
        /// What it would be.
        role: Role,
    },
    /// A tar archive has no bytes.
    #[error("member `{member}` is empty, not a tar archive")]
    EmptyMember {
        /// Its name.
        member: MemberName,
    },
    /// A member is larger than it can be.
    #[error("member `{member}`: its size is {size} bytes, more than {max}")]
    MemberTooLarge {
        /// Its name.
        member: MemberName,
        /// Its size as the header gives it.
        size: u64,
        /// The bound.
        max: u64,
    },
    /// The format is not one that dpkg reads.
    #[error("member `debian-binary` says `{found}`, not `2.0` and a newline")]
    Format {
        /// Its first line, escaped.
        found: String,
    },
    /// A member cannot be decompressed, or not within bounds.
    #[error("member `{member}`: {problem}")]
    Compression {
        /// Its name.
        member: MemberName,
        /// What is wrong.
        problem: CompressionError,
    },
    /// A tar archive is not as dpkg reads it.
    #[error("member `{member}`: {problem}")]
    Tar {
        /// Its name.
        member: MemberName,
        /// What is wrong.
        problem: TarError,
    },
    /// `control.tar` holds something other than files under plain names.
    #[error("member `{member}`: entry `{path}` is {found}, where only files belong")]
    ControlEntry {
        /// The member's name.
        member: MemberName,
        /// The entry.
        path: DataPath,
        /// What is wrong with it.
        found: &'static str,
    },
    /// `control.tar` holds a file under a name that not all readers take for the same.
    #[error("member `{member}`: entry `{found}`: expected the name `./{expected}` or `{expected}`")]
    ControlName {
        /// The member's name.
        member: MemberName,
        /// The name as it stands there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// `conffiles` is not as dpkg reads it.
    #[error("member `{member}`: entry `conffiles`: {problem}")]
    Conffiles {
        /// The member's name.
        member: MemberName,
        /// What is wrong.
        problem: ConffilesError,
    },
    /// `conffiles` lists what the package cannot have as a configuration file.
    #[error("entry `conffiles` of `control.tar`: {0}")]
    ConffileConflict(ConffileConflict),
    /// `triggers` is not as dpkg reads it.
    #[error("member `{member}`: entry `triggers`: {problem}")]
    Triggers {
        /// The member's name.
        member: MemberName,
        /// What is wrong.
        problem: TriggersError,
    },
    /// An entry of `data.tar` that dpkg cannot unpack after those before it.
    #[error("member `{member}`: entry `{path}`: {problem}")]
    Layout {
        /// The member's name.
        member: MemberName,
        /// The entry.
        path: String,
        /// What is wrong with it.
        problem: LayoutError,
    },
    /// `control.tar` holds a file twice.
    #[error("member `{member}`: entry `{path}` is there twice")]
    ControlTwice {
        /// The member's name.
        member: MemberName,
        /// The entry.
        path: DataPath,
    },
    /// `control.tar` holds no `control`.
    #[error("member `{member}`: there is no entry `control`")]
    NoControl {
        /// The member's name.
        member: MemberName,
    },
    /// `control` is longer than allowed.
    #[error("member `{member}`: entry `control` is {size} bytes long, more than {max}")]
    ControlTooLarge {
        /// The member's name.
        member: MemberName,
        /// Its size as the header gives it.
        size: u64,
        /// The bound.
        max: usize,
    },
    /// `control` does not describe a package.
    #[error("member `{member}`: entry `control`: {problem}")]
    Control {
        /// The member's name.
        member: MemberName,
        /// What is wrong.
        problem: ControlError,
    },
    /// The caller's visitor gave up.
    #[error("stopped at {}", place(.path.as_ref()))]
    Visitor {
        /// The entry it stopped at; `None` when it turned down the package itself.
        path: Option<DataPath>,
        /// Why.
        source: io::Error,
    },
}

fn names(role: Role) -> String {
    let allowed = Compression::ALL
        .into_iter()
        .filter(|compression| role.allows(*compression));
    allowed
        .map(|compression| format!("`{role}{}`", compression.extension()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn place(path: Option<&DataPath>) -> String {
    path.map_or_else(|| "`control`".to_owned(), |path| format!("`{path}`"))
}

impl From<ArError> for DebError {
    fn from(error: ArError) -> Self {
        match error {
            ArError::Io(error) => Self::Io(error),
            error => Self::Ar(error),
        }
    }
}

/// Sorts out what a walk through the tar archive in `member` met, from the bottom up: the file, the outer archive, the
/// compression, the tar archive, the visitor.
pub(super) fn tar_failure(member: MemberName, error: WalkError<DebError>) -> DebError {
    match error {
        WalkError::Visit(error) => error,
        WalkError::Tar(TarError::Read(error)) => match error.downcast::<CompressionError>() {
            Ok(problem) => DebError::Compression { member, problem },
            Err(error) => ArError::from_io(error).into(),
        },
        WalkError::Tar(problem) => DebError::Tar { member, problem },
    }
}
