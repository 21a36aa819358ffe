//! Snapshots of a suite: listing, pinning, and letting go.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;

use archive_catalog::SnapshotId;

use crate::problem::{Code, Problem};

/// Reads the name of a snapshot.
pub(crate) fn id(text: &str) -> Result<SnapshotId, Problem> {
    text.parse().map_err(|error: archive_catalog::InvalidSnapshotId| {
        Problem::new(Code::SnapshotNotFound, error.to_string())
    })
}
