//! Why a catalog is not made again, and what in it could not be.

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::OpenError;
use crate::live_release::LiveError;
use crate::verify::ArchiveVerifyError;
use archive_catalog::{CatalogError, DatabaseUrl};
use archive_storage::store::StoreError;

/// Why a catalog was not made again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is one.
    #[error(
        "the catalog `{0}` exists, is readable and knows all that is served: there is nothing to rebuild"
    )]
    Exists(DatabaseUrl),
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new catalog cannot be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The pool cannot be listed.
    #[error(transparent)]
    Pool(#[from] ArchiveVerifyError),
    /// What is served cannot be read.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The store of the archive's files cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written or moved.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> RebuildError {
    RebuildError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
