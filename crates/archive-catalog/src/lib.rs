//! The catalog: which packages are placed in which suite, and what was published of them; accounts, tokens and the audit log.
//!
//! [`Catalog`], [`accounts::Accounts`], [`audit::Audit`], [`listing::Listing`], [`upload_queue::UploadQueue`],
//! [`webhooks::Webhooks`] and [`outbox::Outbox`] are what callers see. [`SqlCatalog`] is all
//! of them, on one SQLite file or on PostgreSQL: each statement is written once, for both. Called by `debian-archive`, and by
//! the uploader for accounts. No other crate knows SQL, and this one never reads a `.deb` or a file of the archive.

mod account_catalog;
pub mod accounts;
pub mod audit;
mod catalog;
mod condemned;
mod conflict;
mod content;
mod counted;
mod database_url;
pub mod downloads;
mod error;
pub mod external_identities;
mod lease;
pub mod listing;
mod named;
pub mod outbox;
mod placement;
mod position;
mod postgres;
mod postgres_url;
pub mod provenance;
mod publication;
pub mod publishers;
pub mod quotas;
pub mod resumable_uploads;
mod retention;
pub mod security_reports;
mod snapshot;
mod snapshot_id;
mod sql;
mod sql_catalog;
mod sqlite;
mod statements;
mod text_store;
mod transfer;
mod transient;
mod turn;
pub mod upload_queue;
mod watch;
pub mod webhooks;

pub use catalog::Catalog;
pub use condemned::{
    Condemnation, CondemnedFile, CondemnedFiles, DELETION_SECONDS, Deleters, RefusedFile, TreeFile,
};
pub use conflict::Conflict;
pub use content::{Content, Entry, ListPart, MisplacedFile, NewContent, PoolFile, Selection, YankedPackage};
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use error::CatalogError;
pub use lease::{Epoch, LEASE_SECONDS, LeaseAnswer, LeaseState};
pub use named::{NamedPackage, PastPlacement};
pub use placement::{Judged, NewDescription, NewPlacement, PackageChange, PlacedSet, PlacementOutcome};
pub use position::{Cluster, Indexed, Position, Section};
pub use publication::{ContentsState, Progress, Publication, PublishedFile, SuiteState};
pub use retention::{PruneMode, PruneResult, PrunedVersion, Retention};
pub use snapshot::{
    ContentKey, Counts, ListedPlaces, PackageOutline, PathList, ShownFile, Snapshot, StateChanges,
};
pub use snapshot_id::{
    CountedState, InvalidSnapshotId, Pin, Retained, RetainedState, SnapshotId, SnapshotPackage,
};
pub use sql_catalog::SqlCatalog;
pub use text_store::{TextChange, TextStore, TextStoreError};
pub use transient::TransientFailure;
pub use watch::CatalogWatch;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
