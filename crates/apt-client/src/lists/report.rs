//! What an update did, suite by suite.

use super::error::UpdateError;

/// What an update did.
#[derive(Debug, Default)]
pub struct UpdateReport {
    /// Each suite of each archive, in their order.
    pub suites: Vec<SuiteReport>,
}

/// What became of one suite.
#[derive(Debug)]
pub struct SuiteReport {
    /// The archive's root.
    pub url: String,
    /// The suite that was asked for.
    pub suite: String,
    /// Whether what is there is new, or why it does not count.
    pub outcome: Result<Freshness, UpdateError>,
    /// What a person should know although all went on.
    pub warnings: Vec<String>,
    /// Files, or parts of files, that were asked for.
    pub requests: u64,
    /// Bytes that came.
    pub bytes: u64,
}

/// Whether something is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is.
    New,
    /// It is what was here.
    Unchanged,
}
