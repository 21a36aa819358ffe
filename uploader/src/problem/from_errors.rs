//! Failures of the libraries, as clients see them.

use archive_catalog::accounts::AccountError;
use archive_catalog::external_identities::LinkError;
use archive_catalog::{CatalogError, Conflict};
use archive_storage::pool::PoolError;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::IngestError;
use debian_archive::promotion::PromotionError;
use debian_archive::publish::PublishError;
use debian_archive::snapshots::SnapshotError;

use super::code::Code;
use super::details::Problem;

impl From<&CatalogError> for Problem {
    fn from(error: &CatalogError) -> Self {
        if matches!(error, CatalogError::Replaced { .. }) {
            tracing::error!(error = %with_causes(error), "the catalog was replaced: the server is shutting down");
            return Self::new(
                Code::Unavailable,
                "the catalog was replaced, and the server is shutting down: nothing was stored",
            );
        }
        match error {
            CatalogError::AuthorityEnded => Self::rights_changed(),
            error => Self::internal(error),
        }
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        (&error).into()
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let code = match &error {
            AccountError::Catalog(cause) => return cause.into(),
            AccountError::NameTaken(_) => Code::UsernameTaken,
            AccountError::EmailTaken(_) => Code::EmailTaken,
            AccountError::Missing => Code::UserNotFound,
            AccountError::LastAdmin => Code::LastAdmin,
        };
        Self::new(code, error.to_string())
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Catalog(cause) => cause.into(),
            LinkError::Account(cause) => cause.into(),
            LinkError::Taken => Self::new(Code::ExternalIdentityTaken, error.to_string()),
        }
    }
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        let code = match &error {
            SnapshotError::Catalog(CatalogError::StateForgotten(_)) | SnapshotError::Unknown { .. } => {
                Code::SnapshotNotFound
            }
            SnapshotError::Catalog(cause) => return cause.into(),
            SnapshotError::Unfinished { source, .. } if matches!(**source, PublishError::Sign(_)) => {
                tracing::error!(error = %with_causes(source), "a snapshot cannot be signed");
                return Self::new(
                    Code::SigningUnavailable,
                    "the snapshot is pinned, and its tree cannot be signed at present: repeat the request once signing works again",
                );
            }
            SnapshotError::Publish(PublishError::WouldDrop { suite, what }) => {
                let detail =
                    format!("suite `{suite}`: {what} would disappear, which repogen.toml no longer lists");
                return Self::new(Code::WouldDrop, detail);
            }
            SnapshotError::Publish(PublishError::AliasServed { suite, alias }) => {
                let detail = format!(
                    "the alias `{alias}` of suite `{suite}` is the codename of a suite that is still served"
                );
                return Self::new(Code::AliasServed, detail);
            }
            SnapshotError::NeverPublished(_) => Code::NotPublished,
            SnapshotError::NotPinned(_) => Code::SnapshotNotPinned,
            SnapshotError::FilesMissing { .. } => Code::SnapshotIncomplete,
            SnapshotError::Gated { .. } => Code::WouldBreak,
            SnapshotError::Unfinished { .. }
            | SnapshotError::Publish(_)
            | SnapshotError::Store(_)
            | SnapshotError::Lock(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<PromotionError> for Problem {
    fn from(error: PromotionError) -> Self {
        match error {
            PromotionError::Catalog(CatalogError::StateForgotten(_)) => Self::new(
                Code::SnapshotNotFound,
                "a package was pruned meanwhile: nothing was changed",
            ),
            PromotionError::Catalog(error) => error.into(),
            PromotionError::Refused { package, source } => {
                let mut problem = Self::from(*source);
                problem.detail = format!("{package}: {}", problem.detail);
                problem
            }
            PromotionError::AboveQuota(error) => error.into(),
            PromotionError::Check(error) => Self::internal(&error),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let code = match &error {
            IngestError::Catalog(cause) => return cause.into(),
            // By itself: as the transparent cause of another, it is no link of the chain of causes.
            IngestError::Store(cause) | IngestError::Pool(PoolError::Store(cause)) => {
                return Self::internal(cause);
            }
            IngestError::OtherArchive(other) => {
                tracing::error!(error = %with_causes(other), "the store of the files is not this archive's");
                return Self::new(
                    Code::Unavailable,
                    "the store of the files is not this archive's, or lacks them: nothing was stored",
                );
            }
            IngestError::Invalid(_) | IngestError::OddName(_) | IngestError::Section(_) => {
                Code::InvalidPackage
            }
            IngestError::Installer => Code::FileNotTaken,
            IngestError::Vulnerable(_) => Code::Vulnerable,
            IngestError::ArchitectureNotInSuite { .. } => Code::ArchitectureNotInSuite,
            IngestError::Conflict(conflict) => match **conflict {
                Conflict::OtherBytes { .. } => Code::IdentityConflict,
                Conflict::EqualVersion { .. } => Code::VersionConflict,
                Conflict::OtherComponent { .. } => Code::ComponentConflict,
                Conflict::PathTaken(_) => Code::PathTaken,
                // Whoever asked has done nothing wrong, and it passes.
                Conflict::Condemned { .. } | Conflict::ScannedMeanwhile => Code::Unavailable,
                Conflict::QuotaExceeded { .. } => Code::QuotaExceeded,
                Conflict::AuthorityEnded => return Self::rights_changed(),
            },
            _ => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

impl From<archive_storage::store::StoreError> for Problem {
    fn from(error: archive_storage::store::StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        IngestError::from(error).into()
    }
}

impl From<archive_storage::staging::StagingError> for Problem {
    fn from(error: archive_storage::staging::StagingError) -> Self {
        IngestError::from(error).into()
    }
}
