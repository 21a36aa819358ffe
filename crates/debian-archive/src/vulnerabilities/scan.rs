//! What a suite holds, looked up in the data.

use std::collections::BTreeMap;

use archive_catalog::security_reports::SuiteScan;
use archive_catalog::{CatalogError, Content, Selection};
use debian_control::limits::Limits;
use debian_control::package::{BinaryPackage, ControlError};
use debian_control::version::Version;
use serde::{Deserialize, Serialize};

use super::database::VulnerabilityDatabase;
use super::report::{Affected, AffectedPackage, SecurityReport, Standing};
use super::source_filter::{SourceFilter, SourceNames};
use crate::archive::Archive;
use crate::config::{Suite, VulnerabilitySettings};
use crate::severity::Severity;

/// Why a suite cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What was found cannot be written as JSON.
    #[error("the result of the scan cannot be recorded")]
    Json(#[from] serde_json::Error),
    /// The catalog holds a control file that cannot be read.
    #[error("the control file of `{package}` in the catalog is invalid")]
    Control {
        /// The package.
        package: String,
        /// Why.
        source: ControlError,
    },
}

/// Returns what a scan of suites looks for: where one of them does not take all packages, source packages that it does not hold, too.
pub fn wanted(archive: &Archive, suites: &[&Suite]) -> Result<SourceFilter, CatalogError> {
    let settings = archive.config().vulnerabilities.as_ref();
    let releases = suites.iter().map(|suite| release_of(settings, suite).to_owned());
    let is_gated = |suite: &&Suite| settings.is_some_and(|settings| settings.blocked_from(suite).is_some());
    let sources = if suites.iter().any(is_gated) {
        None
    } else {
        let mut sources = SourceNames::new();
        for suite in suites {
            let contents = contents(archive, suite)?;
            sources.extend(contents.into_iter().map(|content| content.source.to_string()));
        }
        Some(sources)
    };
    Ok(SourceFilter {
        sources,
        releases: releases.collect(),
    })
}

/// Returns the release whose data a suite is compared with.
fn release_of<'a>(settings: Option<&'a VulnerabilitySettings>, suite: &'a Suite) -> &'a str {
    settings.map_or(suite.codename.as_str(), |settings| settings.release_of(suite))
}

fn contents(archive: &Archive, suite: &Suite) -> Result<Vec<Content>, CatalogError> {
    let selection = Selection {
        suite: Some(suite.codename.clone()),
        ..Selection::default()
    };
    let entries = archive.catalog().list(&selection)?;
    Ok(entries.into_iter().map(|entry| entry.content).collect())
}

/// A vulnerability of one package, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is known of this version.
    pub standing: Standing,
    /// The version of the source package that is fixed.
    pub fixed_version: Option<String>,
    /// `Version` of the package.
    pub version: String,
    /// `Architecture` of the package.
    pub architecture: String,
}

/// Returns what was found, by the names of packages.
fn findings(report: &SecurityReport) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let mut by_name: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
    for affected in &report.affected {
        for package in &affected.packages {
            by_name.entry(&package.name).or_default().push(Finding {
                id: affected.id.clone(),
                severity: affected.severity,
                standing: affected.standing,
                fixed_version: affected.fixed_version.clone(),
                version: package.version.clone(),
                architecture: package.architecture.clone(),
            });
        }
    }
    let written = by_name
        .into_iter()
        .map(|(name, found)| Ok((name.to_owned(), serde_json::to_string(&found)?)));
    written.collect()
}

impl Archive {
    /// Looks up what a suite holds, and keeps that for the API, for pages, and for what the suite is to take.
    pub fn scan_suite(
        &self,
        suite: &Suite,
        database: &VulnerabilityDatabase,
        now: i64,
    ) -> Result<SecurityReport, ScanError> {
        let settings = self.config().vulnerabilities.as_ref();
        let release = release_of(settings, suite);
        let report = self.scan_vulnerabilities(suite, database, release)?;
        let mut advisories = BTreeMap::new();
        if let Some(from) = settings.and_then(|settings| settings.blocked_from(suite)) {
            for (source, advisory) in database.parts(release, from) {
                advisories.insert(source, serde_json::to_string(&advisory)?);
            }
        }
        let is_shown = !suite.private && self.config().site.as_ref().is_some_and(|site| site.enabled);
        let scan = SuiteScan {
            at: now,
            report: serde_json::to_string(&report)?,
            advisories,
            findings: if is_shown {
                findings(&report)?
            } else {
                BTreeMap::new()
            },
        };
        self.security_reports().keep_scan(&suite.codename, &scan)?;
        Ok(report)
    }

    /// Looks up what a suite holds, as a release of the data has it.
    fn scan_vulnerabilities(
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

pub(super) fn source_version(content: &Content) -> Result<Version, ScanError> {
    let package = BinaryPackage::parse(content.control.as_bytes(), &Limits::default());
    let package = package.map_err(|source| ScanError::Control {
        package: content.name.to_string(),
        source,
    })?;
    Ok(package.source_version().clone())
}
