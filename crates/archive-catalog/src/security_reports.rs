//! What scans for vulnerabilities found.

use std::collections::BTreeMap;

use debian_control::name::SuiteName;

use super::CatalogError;

/// What is kept of a name of which nothing is found any more.
pub(crate) const NOTHING_FOUND: &str = "[]";

/// What a scan leaves behind of a suite.
#[derive(Debug, Clone, Default)]
pub struct SuiteScan {
    /// When it was, in Unix seconds.
    pub at: i64,
    /// What it found in the suite.
    pub report: String,
    /// What it read of each source package that has versions which the suite must not take.
    pub advisories: BTreeMap<String, String>,
    /// What it found of the packages of each name, where pages show that.
    pub findings: BTreeMap<String, String>,
}

/// The newest scan of each suite.
pub trait SecurityReports: Send + Sync {
    /// Keeps a scan in place of the last one of a suite. Packages of the suite that the two found different things of are changed ones
    /// for who publishes.
    fn keep_scan(&self, suite: &SuiteName, scan: &SuiteScan) -> Result<(), CatalogError>;

    /// Returns when a suite was last scanned, in Unix seconds, and the report; `None` where it never was.
    fn security_report(&self, suite: &SuiteName) -> Result<Option<(i64, String)>, CatalogError>;

    /// Returns what the last scan read of a source package that the suite must not take in some versions.
    fn advisory(&self, suite: &SuiteName, source: &str) -> Result<Option<String>, CatalogError>;
}
