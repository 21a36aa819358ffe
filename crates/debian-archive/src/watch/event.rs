//! What a watch reports, and why it does not start.

use std::io;
use std::path::PathBuf;

use super::incoming_error::IncomingError;
use crate::archive::OpenError;
use crate::prune::{PruneError, Pruned};
use crate::publisher::PublisherEvent;
use crate::sign::SignError;
use archive_catalog::PlacementOutcome;

/// Why a watch does not start.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Another one runs.
    #[error("another `repogen watch` is running on this archive: it holds `{0}`")]
    Running(PathBuf),
    /// Its lock cannot be had.
    #[error("cannot lock `{path}`")]
    Lock {
        /// The lock.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// Why a changed configuration is not used; the old one goes on.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The archive cannot be opened with it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The signer it names cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What a watch reports.
#[derive(Debug)]
pub enum WatchEvent {
    /// An event of its publisher.
    Publisher(PublisherEvent),
    /// A dropped package is in the catalog.
    Taken {
        /// The file that was dropped.
        path: PathBuf,
        /// Whether the suite had it.
        placed: PlacementOutcome,
    },
    /// A dropped file was refused.
    Rejected {
        /// The file that was dropped.
        path: PathBuf,
        /// Where it is now.
        kept: PathBuf,
        /// Why.
        why: String,
    },
    /// Something in the folder is no file, and stays where it is.
    PassedOver {
        /// What was found.
        path: PathBuf,
        /// Why it is not taken.
        why: &'static str,
    },
    /// Dropped files cannot be added at present. This is retried; the same error is reported once.
    IncomingFailed(IncomingError),
    /// Retention was applied.
    Pruned(Pruned),
    /// Retention could not be applied. It is tried again.
    PruneFailed(PruneError),
    /// A changed configuration is in use.
    Reloaded,
    /// A changed configuration cannot be used; the old one goes on.
    ReloadFailed(ReloadError),
    /// The system does not notify of changes in a folder; they are found by polling.
    NotWatching(notify::Error),
}
