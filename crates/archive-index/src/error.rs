//! Why an index cannot be built.

use std::io;

use archive_storage::staging::StagingError;

/// Why an index cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// What holds the records does not give them.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// Staged files or cached chunks cannot be written.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// A chunk cannot be compressed or kept.
    #[error("cannot keep a compressed part of an index")]
    Chunk(#[source] io::Error),
    /// A record is not what it should be.
    #[error("cannot make an index: {0}")]
    Record(String),
}

impl IndexError {
    /// Wraps the error of what holds the records.
    pub fn source(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Source(Box::new(error))
    }
}
