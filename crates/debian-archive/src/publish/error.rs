//! Why a suite cannot be published.

use std::io;
use std::path::PathBuf;

use super::refusal::{Gated, Gone};
use crate::behind::Behind;
use crate::check::CheckError;
use crate::live_release::LiveError;
use crate::other_archive::OtherArchive;
use crate::sign::SignError;
use debian_control::name::SuiteName;

use archive_catalog::{CatalogError, TextStoreError};
use archive_index::IndexError;
use archive_site::InvalidRecord;
use archive_storage::pool::PoolError;
use archive_storage::staging::StagingError;
use archive_storage::store::StoreError;

/// Why a suite cannot be published. The previous indexes are kept.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The catalog cannot be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// An index cannot be built.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Files cannot be staged.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The Release cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What is published now cannot be read.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// A file cannot be put into a tree of the pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// A file that is to be replaced, or to go, is being deleted by another machine.
    #[error(
        "`{0}` is being deleted by another machine, and the suite needs to know that it is gone: try again"
    )]
    InHand(String),
    /// The suite is published, and its pages are not what they should be.
    #[error("suite `{suite}` is published, but not all of its pages: the next publish continues with them")]
    Pages {
        /// Codename.
        suite: SuiteName,
        /// The cause.
        source: Box<Self>,
    },
    /// Packages would disappear that nobody removed.
    #[error("suite `{suite}` was not published: {what} would disappear, which repogen.toml no longer lists")]
    WouldDrop {
        /// Codename.
        suite: String,
        /// How many, from where.
        what: String,
    },
    /// The catalog knows nothing of a suite that is served with packages.
    #[error(
        "suite `{0}` is served with packages, and the catalog knows nothing of it: it is empty, or that of another archive"
    )]
    CatalogLost(SuiteName),
    /// Store and catalog are not of one archive.
    #[error("nothing was published")]
    OtherArchive(#[source] OtherArchive),
    /// Another publisher took the suite over while this one changed names of it.
    #[error("another publisher has taken over suite `{0}`, and names of it may be those of before")]
    Overtaken(SuiteName),
    /// The catalog is older than what is served.
    #[error(
        "suite `{suite}` is served {behind}: the catalog is older than what is served, or that of another archive"
    )]
    CatalogBehind {
        /// Codename.
        suite: SuiteName,
        /// What tells so.
        behind: Behind,
    },
    /// A suite is served that the configuration does not have.
    #[error("suite `{}` is still served, but is not in repogen.toml (packages in it: {})", .0.suite, .0.packages)]
    StillServed(Gone),
    /// The alias of a suite is the folder of another one.
    #[error(
        "suite `{suite}` was not published: its alias `{alias}` is the codename of a suite that is still served"
    )]
    AliasServed {
        /// Codename.
        suite: String,
        /// The alias.
        alias: String,
    },
    /// A name under which the suite is served would disappear.
    #[error(
        "suite `{suite}` was not published: its alias `{alias}` would disappear, which repogen.toml no longer names"
    )]
    AliasGone {
        /// Codename.
        suite: String,
        /// The alias.
        alias: String,
    },
    /// The clock of this machine is behind what was published.
    #[error("suite `{suite}` was published at {last}, which is ahead of this machine's clock: it says {now}")]
    Clock {
        /// Codename.
        suite: String,
        /// What the clock says.
        now: String,
        /// Date of the last Release.
        last: String,
    },
    /// It cannot be determined which packages would be installable.
    #[error("cannot check whether the new packages can be installed")]
    Check(#[from] CheckError),
    /// The suite's gate blocks, and new packages cannot be installed.
    #[error("suite `{suite}` was not published: {broken}")]
    Gated {
        /// Codename.
        suite: String,
        /// What cannot be installed, and why.
        broken: Gated,
    },
    /// A served file cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the pages of a suite show is not known, and noting it fails.
    #[error(transparent)]
    SiteRecord(#[from] SiteRecordError),
    /// A file of this machine cannot be written or locked.
    #[error("cannot {action} `{path}`")]
    Write {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl PublishError {
    /// Says of a lease that was lost that names had been changed under it: a request that was under way may have ended after another
    /// publisher wrote the same name.
    pub(super) fn after_names_changed(self) -> Self {
        match self {
            Self::Catalog(CatalogError::LeaseLost(suite)) => Self::Overtaken(suite),
            error => error,
        }
    }
}

/// Why the record of what pages show cannot be used; the next publish makes another one, with all pages.
#[derive(Debug, thiserror::Error)]
pub enum SiteRecordError {
    /// It holds something else.
    #[error("what is in `state/site` is not a record of what the pages show")]
    Invalid(#[from] InvalidRecord),
    /// It cannot be read or written.
    #[error("cannot use the record in `state/site` of what the pages show")]
    Store(#[from] TextStoreError),
}

pub(super) fn write_error(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> PublishError {
    PublishError::Write {
        action,
        path: path.into(),
        source,
    }
}
