//! Checking every byte of an archive: the pool against the catalog, indexes against the catalog and the Release, the
//! Release against its signatures and the clock.
//!
//! Reads only, and reports only damage: a change that is in the catalog and not published yet is not damage.

mod finding;
mod indexes;
mod pool_files;
mod strays;

use crate::archive::Archive;
use crate::config::Suite;

pub use finding::{ArchiveVerifyError, Finding, FindingKind};
pub(crate) use indexes::{is_served, signed_release};

/// Counts the files of the pool that the catalog does not know.
pub(crate) fn unknown_files(archive: &Archive) -> Result<usize, ArchiveVerifyError> {
    let mut findings = Vec::new();
    pool_files::unknown(archive, &mut findings)?;
    Ok(findings.len())
}

impl Archive {
    /// Checks `suites` and the pool, and returns what is wrong, ordered by kind and path.
    pub fn verify(&self, suites: &[&Suite], now: i64) -> Result<Vec<Finding>, ArchiveVerifyError> {
        let mut findings = Vec::new();
        let mut named = std::collections::BTreeSet::new();
        for suite in suites {
            indexes::check(self, suite, now, &mut named, &mut findings)?;
            indexes::check_pinned(self, suite, now, &mut named, &mut findings)?;
        }
        pool_files::check(self, &named, &mut findings)?;
        strays::check(self, &mut findings)?;
        if let Some(row) = self.audit().first_broken()? {
            findings.push(Finding {
                kind: FindingKind::AuditBroken,
                path: "catalog.db".to_owned(),
                detail: format!(
                    "record {row} of the audit log is not what was written, or one before it is gone"
                ),
            });
        }
        findings.sort();
        findings.dedup();
        Ok(findings)
    }
}
