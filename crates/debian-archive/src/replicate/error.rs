//! Why a suite was not replicated.

use debian_control::name::SuiteName;

use crate::other_archive::OtherArchive;
use archive_catalog::CatalogError;
use archive_storage::store::StoreError;

/// Why a suite was not brought to another store.
#[derive(Debug, thiserror::Error)]
pub enum ReplicateError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// One of the stores cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing of the suite is published.
    #[error("suite `{0}` was never published")]
    Unpublished(SuiteName),
    /// What lies in `dists/` is not what the catalog says was published.
    #[error("suite `{0}` cannot be read: its InRelease is not the one that the catalog says was published")]
    Unsettled(SuiteName),
    /// A file of this archive is not there.
    #[error("`{0}` is missing in the archive")]
    Missing(String),
    /// It is the store of this archive, or a folder in it.
    #[error("`{0}` is in use by this archive already: name another place")]
    Own(String),
    /// Another archive is served there.
    #[error("the mirror is of another archive: its `archive-keyring.pgp` has none of the keys of this one")]
    OtherArchive,
    /// Suites of another archive are served there, which signs with the same key.
    #[error(transparent)]
    OtherSuite(OtherArchive),
    /// Clients there would see an older state than they have.
    #[error(
        "suite `{suite}` is newer in the mirror: its Release has the Date {there}, and the one here {here}"
    )]
    Newer {
        /// Codename.
        suite: SuiteName,
        /// Date of the Release there.
        there: String,
        /// Date of the Release here.
        here: String,
    },
}
