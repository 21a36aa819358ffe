//! Why dropped packages cannot be taken.

use std::io;
use std::path::PathBuf;

use crate::ingest::IngestError;

/// Why dropped packages cannot be taken now.
#[derive(Debug, thiserror::Error)]
pub enum IncomingError {
    /// The archive or its disk does not take them.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The folder, or a file in it, cannot be read, moved or deleted.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}
