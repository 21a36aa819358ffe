//! Why indexes cannot be read or brought up to date.

use std::io;
use std::path::PathBuf;

use crate::fetch::{FetchError, Location, LocationError};
use crate::source::SourceError;
use crate::trust::TrustError;

/// Why there are no indexes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListsError {
    /// Nothing was fetched yet, or by another version of this program.
    #[error("no indexes have been fetched yet")]
    None,
    /// They cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why the indexes of a suite stay as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// A file did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A path of the archive is not valid.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// Its keys cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its Release does not count.
    #[error("`{location}` is not valid")]
    Trust {
        /// Where it is.
        location: Location,
        /// Why.
        source: TrustError,
    },
    /// What is remembered cannot be read or written.
    #[error(transparent)]
    Memory(TrustError),
    /// The archive has no such component.
    #[error("suite `{suite}` of `{url}` has no component `{component}`; it has: {has}")]
    NoComponent {
        /// The archive.
        url: String,
        /// The suite.
        suite: String,
        /// The component.
        component: String,
        /// What there is.
        has: String,
    },
    /// The archive has nothing for this machine.
    #[error("suite `{suite}` of `{url}` has nothing for {wanted}; it has: {has}")]
    NoArchitecture {
        /// The archive.
        url: String,
        /// The suite.
        suite: String,
        /// The architectures that were asked for.
        wanted: String,
        /// What there is.
        has: String,
    },
    /// A folder that stands by itself has no packages.
    #[error("`{suite}` of `{url}` lists no `Packages`")]
    NoPackages {
        /// The archive.
        url: String,
        /// The folder.
        suite: String,
    },
    /// An index is listed in forms alone that are not read.
    #[error("`{suite}` of `{url}` lists `{index}` as {listed} only, which is not read")]
    UnreadForms {
        /// The archive.
        url: String,
        /// The suite.
        suite: String,
        /// The index, without an extension.
        index: String,
        /// What is listed.
        listed: String,
    },
    /// An index is not the one that is signed.
    #[error("`{location}` is not what was signed: {what}")]
    Wrong {
        /// Where it is.
        location: Location,
        /// What differs.
        what: String,
    },
    /// An index is what is signed, and cannot be unpacked.
    #[error("cannot unpack `{location}`")]
    Unreadable {
        /// Where it is.
        location: Location,
        /// Why.
        source: io::Error,
    },
    /// What is kept cannot be read.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// The disk fails.
    #[error("cannot write `{}`", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UpdateError {
    /// Says whether nothing else comes from its archive, either.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Fetch(error) if error.is_away())
    }
}
