//! Failures that pass: of room, of turns, of file descriptors.

use archive_catalog::{CatalogError, TransientFailure};
use archive_storage::store::StoreError;

use super::code::Code;

/// What there is too little of at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    Room,
    /// Others hold the catalog.
    Turn,
    /// The server of the catalog cannot be reached.
    Server,
    /// The store of the files does not answer.
    Store,
    Descriptors,
}

impl Shortage {
    /// Finds what an error comes from, among its causes.
    pub(super) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| {
            if let Some(error) = error.downcast_ref::<CatalogError>() {
                return match error.transient_failure() {
                    Some(TransientFailure::Full) => Some(Self::Room),
                    Some(TransientFailure::Busy) => Some(Self::Turn),
                    Some(TransientFailure::Away) => Some(Self::Server),
                    None => None,
                };
            }
            if let Some(error) = error.downcast_ref::<StoreError>()
                && error.is_away
            {
                return Some(Self::Store);
            }
            let error = error.downcast_ref::<std::io::Error>()?;
            match (error.kind(), error.raw_os_error()) {
                (std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded, _) => Some(Self::Room),
                (_, Some(libc::EMFILE | libc::ENFILE)) => Some(Self::Descriptors),
                _ => None,
            }
        })
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Room => "the disk is full",
            Self::Turn => "another process has locked the catalog",
            Self::Server => "the database server cannot be reached",
            Self::Store => "the store of the files does not answer",
            Self::Descriptors => "too many files are open",
        }
    }

    /// Returns what the client is told of it.
    pub(super) fn problem(self) -> (Code, &'static str) {
        match self {
            Self::Room => (
                Code::StorageFull,
                "the disk is full, and nothing was stored: try again later",
            ),
            Self::Turn => (
                Code::Unavailable,
                "another process has locked the catalog for too long, and nothing was changed: try again",
            ),
            // A connection that ended while a change was committed does not say whether it was.
            Self::Server => (
                Code::Unavailable,
                "the database server cannot be reached, and what was asked for may be done already or not: try again, which is safe",
            ),
            Self::Store => (
                Code::Unavailable,
                "the store of the files does not answer, and nothing was changed: try again",
            ),
            Self::Descriptors => (
                Code::Unavailable,
                "too many files and connections are open: try again",
            ),
        }
    }
}
