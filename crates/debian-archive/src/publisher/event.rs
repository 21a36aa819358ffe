//! What a publisher reports.

use debian_control::name::SuiteName;

use crate::publish::{Gone, PublishError, PublishReport};
use archive_catalog::CatalogError;

/// What a publisher reports.
#[derive(Debug)]
pub enum PublisherEvent {
    /// A new InRelease is live.
    Published {
        /// Codename.
        suite: SuiteName,
        /// What the publish did.
        report: PublishReport,
    },
    /// A suite could not be published. This is retried, at growing intervals; what a gate held back soon after the suite changes.
    Failed {
        /// Codename.
        suite: SuiteName,
        /// Why.
        error: PublishError,
        /// What the suite held at least when this was tried.
        revision: i64,
        /// Whether it did not fail in the same way the last time: people are told of each trouble once.
        is_news: bool,
    },
    /// A suite is served and no longer configured. Reported once.
    StillServed(Gone),
    /// A suite that could not be published can be published again.
    Recovered {
        /// Codename.
        suite: SuiteName,
    },
    /// The catalog could not be read. This is retried; the same error is reported once.
    CatalogFailed(CatalogError),
    /// The database does not notify of changes of the catalog; they are found by polling.
    NotWatching(CatalogError),
}
