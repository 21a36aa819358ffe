//! States of a suite that can be gone back to: what was published, for a time, and what was pinned.

use std::fmt;
use std::str::FromStr;

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};
use debian_control::release::format_iso;
use debian_control::version::Version;

/// The name of a state: the Date of the Release that showed it, as `20261123T101500Z`.
///
/// Orders as the dates do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

/// A text that is no name of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid snapshot `{0}`: expected a date and time such as `20261123T101500Z`")]
pub struct InvalidSnapshotId(String);

impl SnapshotId {
    /// Returns the name for a Date, in Unix seconds.
    pub fn of(date: i64) -> Self {
        Self(format_iso(date).replace(['-', ':'], ""))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotId {
    type Err = InvalidSnapshotId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |(at, byte): (usize, u8)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        if text.len() == 16 && text.bytes().enumerate().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSnapshotId(text.escape_debug().to_string()))
        }
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A state that stays until it is let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its name. Several suites may each have a state under one.
    pub id: SnapshotId,
    /// Revision of the suite.
    pub revision: i64,
    /// Date of the Release that showed it, in Unix seconds.
    pub date: i64,
}

/// A state that can be gone back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedState {
    /// Its name.
    pub id: SnapshotId,
    /// Revision of the suite.
    pub revision: i64,
    /// Date of the Release that showed it, in Unix seconds.
    pub date: i64,
    /// Why it is there still.
    pub kept: Retained,
}

/// The same with what it holds, which takes a look at all that was ever placed in the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedState {
    /// The state.
    pub state: RetainedState,
    /// How many packages it holds.
    pub packages: u64,
}

impl RetainedState {
    /// Returns what pins this state under its name.
    pub fn pin(&self) -> Pin {
        Pin {
            id: self.id.clone(),
            revision: self.revision,
            date: self.date,
        }
    }
}

/// Why a state is there still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retained {
    /// It was pinned.
    Pinned,
    /// It is what is published now.
    Live,
    /// It was published until then, in Unix seconds, and retention has not let it go.
    SupersededAt(i64),
}

/// One package of a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotPackage {
    /// Component.
    pub component: Component,
    /// `Package`.
    pub name: PackageName,
    /// `Architecture`.
    pub architecture: Architecture,
    /// `Version`.
    pub version: Version,
    /// Digest of its file.
    pub sha256: Sha256,
    /// Bytes of its file.
    pub size: u64,
    /// Path of its file below the tree; `None` where the tree has no file of it.
    pub path: Option<String>,
}

impl SnapshotPackage {
    /// Returns the name of its file: `NAME_VERSION_ARCH.deb`, the version without its epoch.
    pub fn file_name(&self) -> String {
        let version = self.version.without_epoch();
        format!("{}_{version}_{}.deb", self.name, self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_date_without_its_marks() {
        let id = SnapshotId::of(1_795_428_900);
        assert_eq!(id.as_str(), "20261123T101500Z");
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for text in [
            "",
            "..",
            "20261123T101500",
            "20261123t101500Z",
            "../61123T101500Z",
            "2026-1123T10150Z",
        ] {
            assert!(text.parse::<SnapshotId>().is_err(), "{text}");
        }
    }
}
