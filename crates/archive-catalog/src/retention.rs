//! What is kept of a suite, and what a prune lets go.

use debian_control::architecture::Architecture;
use debian_control::name::{PackageName, SuiteName};
use debian_control::version::Version;

/// What is kept of a suite, at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Codename.
    pub suite: SuiteName,
    /// How many versions of a package stay; `None`: all.
    pub keep_versions: Option<u32>,
    /// How many publications stay at least.
    pub keep_generations: u32,
    /// Publications that were superseded before this, in Unix seconds, are forgotten.
    pub publications_until: i64,
    /// Packages that were removed before this, in Unix seconds, and that no publication shows, are forgotten.
    pub removed_until: i64,
}

/// Whether a prune deletes what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneMode {
    /// It does.
    Delete,
    /// It does not, and returns what it would delete.
    DryRun,
}

/// What the catalog forgot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneResult {
    /// Versions that left their suite.
    pub versions: Vec<PrunedVersion>,
    /// Files that no row names any more, below the root.
    pub files: Vec<String>,
}

/// A version that left its suite because newer ones are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedVersion {
    /// Codename.
    pub suite: SuiteName,
    /// Package.
    pub name: PackageName,
    /// Version.
    pub version: Version,
    /// Architecture.
    pub architecture: Architecture,
}
