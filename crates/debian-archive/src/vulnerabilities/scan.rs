//! What a suite holds, looked up in the data.

use std::collections::BTreeMap;

use archive_catalog::{CatalogError, Content, Selection};
use debian_control::limits::Limits;
use debian_control::package::{BinaryPackage, ControlError};
use debian_control::version::Version;

use super::database::{SourceNames, VulnerabilityDatabase};
use super::report::{Affected, AffectedPackage, SecurityReport};
use crate::archive::Archive;
use crate::config::Suite;

/// Why a suite cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The catalog holds a control file that cannot be read.
    #[error("the control file of `{package}` in the catalog is invalid")]
    Control {
        /// The package.
        package: String,
        /// Why.
        source: ControlError,
    },
}

/// Returns the source packages that suites hold something of.
pub fn wanted_sources(archive: &Archive, suites: &[&Suite]) -> Result<SourceNames, CatalogError> {
    let mut wanted = SourceNames::new();
    for suite in suites {
        let contents = contents(archive, suite)?;
        wanted.extend(contents.into_iter().map(|content| content.source.to_string()));
    }
    Ok(wanted)
}

fn contents(archive: &Archive, suite: &Suite) -> Result<Vec<Content>, CatalogError> {
    let selection = Selection {
        suite: Some(suite.codename.clone()),
        ..Selection::default()
    };
    let entries = archive.catalog().list(&selection)?;
    Ok(entries.into_iter().map(|entry| entry.content).collect())
}

impl Archive {
    /// Looks up what a suite holds, as a release of the data has it.
    pub fn scan_vulnerabilities(
        &self,
        suite: &Suite,
        database: &VulnerabilityDatabase,
        release: &str,
    ) -> Result<SecurityReport, ScanError> {
        let mut sources: BTreeMap<(String, Version), Vec<AffectedPackage>> = BTreeMap::new();
        for content in contents(self, suite)? {
            let version = source_version(&content)?;
            let packages = sources.entry((content.source.to_string(), version)).or_default();
            packages.push(AffectedPackage {
                name: content.name.to_string(),
                version: content.version.to_string(),
                architecture: content.architecture.to_string(),
            });
        }
        let checked = sources.len();
        let mut known = 0;
        let mut affected = Vec::new();
        for ((source, version), mut packages) in sources {
            known += usize::from(database.knows(release, &source));
            packages.sort();
            for (id, (severity, standing, fixed_version)) in database.lookup(release, &source, &version) {
                affected.push(Affected {
                    id,
                    severity,
                    standing,
                    fixed_version,
                    source: source.clone(),
                    source_version: version.to_string(),
                    packages: packages.clone(),
                });
            }
        }
        // Stable: by source package and version within a severity.
        affected.sort_by_key(|affected| std::cmp::Reverse(affected.severity));
        Ok(SecurityReport {
            release: release.to_owned(),
            checked,
            known,
            affected,
        })
    }
}

fn source_version(content: &Content) -> Result<Version, ScanError> {
    let package = BinaryPackage::parse(content.control.as_bytes(), &Limits::default());
    let package = package.map_err(|source| ScanError::Control {
        package: content.name.to_string(),
        source,
    })?;
    Ok(package.source_version().clone())
}
