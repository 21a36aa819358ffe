//! Checking every byte of an archive: the pool against the catalog, indexes against the catalog and the Release, the
//! Release against its signatures and the clock.
//!
//! Reads only, and reports only damage: a change that is in the catalog and not published yet is not damage.

mod finding;
mod indexes;
mod pool_files;
mod strays;

use std::collections::BTreeSet;
use std::io;

use rustix::fs::FlockOperation;

use crate::archive::Archive;
use crate::config::Suite;
use crate::publish::SuiteLease;
use archive_catalog::{Catalog, CatalogError};

pub use finding::{ArchiveVerifyError, Finding, FindingKind};
pub(crate) use indexes::{is_served, signed_release};

/// Counts the files of the pool that the catalog does not know.
pub(crate) fn unknown_files(archive: &Archive) -> Result<usize, ArchiveVerifyError> {
    let mut findings = Vec::new();
    pool_files::unknown(archive, &mut findings)?;
    Ok(findings.len())
}

/// Does `work` while the leases of all of these suites are held; returns whether they were to the end.
fn while_held(
    catalog: &dyn Catalog,
    suites: &[&Suite],
    work: &mut dyn FnMut(),
) -> Result<bool, CatalogError> {
    let Some((suite, others)) = suites.split_first() else {
        work();
        return Ok(true);
    };
    // One after the other: each is renewed while the next is waited for.
    let lease = SuiteLease::take(catalog, &suite.codename)?;
    lease.during(|| Ok(while_held(catalog, others, work)? && lease.is_held()?))
}

impl Archive {
    /// Checks `suites` and the pool, and returns what is wrong, ordered by kind and path.
    ///
    /// Waits for nobody and nobody for it, as long as nothing is found. What is found may be what others are about to change: it is looked
    /// at again while they wait, and only what is found then counts.
    pub fn verify(&self, suites: &[&Suite], now: i64) -> Result<Vec<Finding>, ArchiveVerifyError> {
        let mut findings = Vec::new();
        let named = self.verify_published(suites, now, &mut findings)?;
        pool_files::check(self, &named, &mut findings)?;
        if !findings.is_empty() {
            findings = self.verify_again(suites, now, findings)?;
        }
        strays::check_pages(self, &mut findings)?;
        findings.sort();
        findings.dedup();
        Ok(findings)
    }

    /// Looks at what was found once more, with no publish on any machine, and at files of the pool with no upload on this one.
    fn verify_again(
        &self,
        suites: &[&Suite],
        now: i64,
        found: Vec<Finding>,
    ) -> Result<Vec<Finding>, ArchiveVerifyError> {
        let lock = |name: &str| self.lock(name, FlockOperation::LockExclusive);
        let configured = self.config().suites.iter();
        let publishers = configured.map(|suite| lock(&format!("publish-{}.lock", suite.codename)));
        // Where nothing can be locked, on a disk that is read-only say, nobody changes anything.
        let Ok(_publishers) = publishers.collect::<io::Result<Vec<_>>>() else {
            return Ok(found);
        };
        let mut again = Ok(Vec::new());
        let look = &mut || again = self.verify_alone(suites, now, &found);
        match while_held(self.catalog(), suites, look) {
            Ok(true) => again,
            // Who only reads the database takes no lease, and who lost one was not alone.
            Ok(false) | Err(_) => Ok(found),
        }
    }

    fn verify_alone(
        &self,
        suites: &[&Suite],
        now: i64,
        found: &[Finding],
    ) -> Result<Vec<Finding>, ArchiveVerifyError> {
        let mut findings = Vec::new();
        let named = self.verify_published(suites, now, &mut findings)?;
        let Ok(_pool) = self.lock("pool.lock", FlockOperation::LockExclusive) else {
            return Ok(found.to_vec());
        };
        let paths = found.iter().filter(|finding| finding.kind.is_of_pool());
        let paths = paths.map(|finding| finding.path.clone()).collect();
        pool_files::check_again(self, &named, &paths, &mut findings)?;
        Ok(findings)
    }

    /// Checks all but the pool, and returns the files that indexes name.
    fn verify_published(
        &self,
        suites: &[&Suite],
        now: i64,
        findings: &mut Vec<Finding>,
    ) -> Result<BTreeSet<String>, ArchiveVerifyError> {
        let mut named = BTreeSet::new();
        for suite in suites {
            indexes::check(self, suite, now, &mut named, findings)?;
            indexes::check_pinned(self, suite, now, &mut named, findings)?;
        }
        strays::check(self, findings)?;
        if let Some(row) = self.audit().first_broken()? {
            findings.push(Finding {
                kind: FindingKind::AuditBroken,
                path: "catalog.db".to_owned(),
                detail: format!(
                    "record {row} of the audit log is not what was written, or one before it is gone"
                ),
            });
        }
        Ok(named)
    }
}
