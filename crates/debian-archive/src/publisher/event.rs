//! What a publisher reports.

use debian_control::name::SuiteName;

use crate::publish::{PublishError, PublishReport};
use archive_catalog::CatalogError;

/// What a publisher tells.
#[derive(Debug)]
pub enum PublisherEvent {
    /// A new InRelease is live.
    Published {
        /// Codename.
        suite: SuiteName,
        /// What the publish did.
        report: PublishReport,
    },
    /// A suite could not be published. It is tried again, at growing intervals; the same error is told once.
    Failed {
        /// Codename.
        suite: SuiteName,
        /// Why.
        error: PublishError,
    },
    /// A suite that could not be published is all right again.
    Recovered {
        /// Codename.
        suite: SuiteName,
    },
    /// The catalog could not be read. It is tried again; the same error is told once.
    CatalogFailed(CatalogError),
    /// The system does not tell of changes of the catalog, which are then found by looking only.
    NotWatching(CatalogError),
}
