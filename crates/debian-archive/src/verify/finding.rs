//! What a check finds, and why it cannot be made.

use std::fmt;

use archive_catalog::CatalogError;
use archive_index::IndexError;
use archive_storage::store::StoreError;
use serde::Serialize;

use crate::publish::SiteStraysError;

/// What kind of damage was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A file of the pool has other bytes than the catalog says.
    PoolCorrupt,
    /// A published index lists a missing file.
    PoolMissing,
    /// A file of the pool has no row in the catalog.
    PoolOrphan,
    /// An index is not what the Release or the catalog says, or is served and in no configuration.
    IndexStale,
    /// A page of the site is missing or not what was written, or the site has files of nothing that is published.
    SiteStale,
    /// A by-hash file is missing, or has other bytes than its name says.
    ByhashWrong,
    /// A Release is not signed by the archive's keys.
    SignatureBad,
    /// Valid-Until has passed.
    Expired,
    /// A row of the catalog has no file in the pool.
    RowWithoutFile,
    /// A record of the audit log was changed, or one before it taken out.
    AuditBroken,
}

impl FindingKind {
    /// Says whether it is about a file of the pool.
    pub(super) fn is_of_pool(self) -> bool {
        matches!(
            self,
            Self::PoolCorrupt | Self::PoolMissing | Self::PoolOrphan | Self::RowWithoutFile
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PoolCorrupt => "pool-corrupt",
            Self::PoolMissing => "pool-missing",
            Self::PoolOrphan => "pool-orphan",
            Self::IndexStale => "index-stale",
            Self::SiteStale => "site-stale",
            Self::ByhashWrong => "byhash-wrong",
            Self::SignatureBad => "signature-bad",
            Self::Expired => "expired",
            Self::RowWithoutFile => "row-without-file",
            Self::AuditBroken => "audit-broken",
        })
    }
}

/// One piece of damage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// The file, below the root.
    pub path: String,
    /// What was found, and what would be right.
    pub detail: String,
}

/// Why an archive cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveVerifyError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// An index cannot be rendered for comparison.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The store cannot be read, so that its content is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of the site cannot be compared with what is published.
    #[error(transparent)]
    Site(#[from] SiteStraysError),
}
