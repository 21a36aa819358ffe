//! Why a package is not taken.

use std::io;

use crate::other_archive::OtherArchive;
use crate::vulnerabilities::{Blocked, GateError};
use archive_catalog::{CatalogError, Conflict};
use archive_storage::pool::PoolError;
use archive_storage::staging::{StagedPath, StagingError};
use archive_storage::store::StoreError;
use debian_control::architecture::Architecture;
use debian_control::name::{NameError, SuiteName};
use debian_control::section::SectionError;
use debian_deb::DebError;

/// Why a .deb was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not what dpkg would read, or breaks a limit.
    #[error("{0}")]
    Invalid(#[source] Box<DebError>),
    /// Debian Policy forbids its name, or that of its source, and such names were not allowed.
    #[error(
        "{0}; dpkg accepts the name but Debian Policy forbids it: `repogen add --allow-odd-names` accepts such packages"
    )]
    OddName(NameError),
    /// It is a package of the installer, whatever its file is called.
    #[error(
        "`Package-Type: udeb`: packages for the installer need a separate index, which is not supported yet"
    )]
    Installer,
    /// No list has a place for its section or priority.
    #[error(transparent)]
    Section(SectionError),
    /// The suite has no place for its architecture.
    #[error("architecture `{architecture}` is not in suite `{suite}`, which has {listed}")]
    ArchitectureNotInSuite {
        /// What the package says.
        architecture: Architecture,
        /// Codename.
        suite: SuiteName,
        /// What the suite has.
        listed: String,
    },
    /// It conflicts with what the suite holds.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// It has known vulnerabilities that the suite does not take.
    #[error("{0}")]
    Vulnerable(Box<Blocked>),
    /// Whether it has such vulnerabilities cannot be found out.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Its file cannot be read.
    #[error("cannot read it")]
    Unreadable(#[source] io::Error),
    /// It cannot be staged: the disk is full or read-only, most often.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It cannot be put into the pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The store of the archive's files does not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Store and catalog are not of one archive.
    #[error("nothing was stored")]
    OtherArchive(#[source] OtherArchive),
    /// The lock on the pool cannot be had.
    #[error("cannot lock the pool")]
    Lock(#[source] io::Error),
    /// The catalog does not take it.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl IngestError {
    /// Returns whether the fault is the package's, and not the archive's.
    pub fn is_rejection(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_)
                | Self::OddName(_)
                | Self::Installer
                | Self::Section(_)
                | Self::ArchitectureNotInSuite { .. }
                | Self::Conflict(_)
                | Self::Vulnerable(_)
                | Self::Unreadable(_)
        )
    }
}

pub(super) fn staging_error(action: &'static str, path: &StagedPath, source: io::Error) -> IngestError {
    StagingError {
        action,
        path: path.as_path().to_owned(),
        source,
    }
    .into()
}
