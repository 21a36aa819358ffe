//! What scans for vulnerabilities found.

use debian_control::name::SuiteName;

use super::CatalogError;

/// The newest report of each suite.
pub trait SecurityReports: Send + Sync {
    /// Keeps a report in place of the last one of a suite.
    fn keep_security_report(&self, suite: &SuiteName, at: i64, report: &str) -> Result<(), CatalogError>;

    /// Returns when a suite was last scanned, in Unix seconds, and the report; `None` where it never was.
    fn security_report(&self, suite: &SuiteName) -> Result<Option<(i64, String)>, CatalogError>;
}
