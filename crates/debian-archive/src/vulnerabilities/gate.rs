//! Which packages a suite does not take for their known vulnerabilities.

use std::fmt;

use archive_catalog::{CatalogError, Content, Judged};
use debian_control::digest::Sha256;
use debian_control::name::{PackageName, SuiteName};
use debian_control::version::Version;

use super::advisory::Advisory;
use super::scan::{ScanError, source_version};
use crate::archive::Archive;
use crate::config::Suite;
use crate::severity::Severity;

/// Known vulnerabilities by which a suite does not take a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Codename.
    pub suite: SuiteName,
    /// The source package.
    pub source: PackageName,
    /// Its version.
    pub version: Version,
    /// From which severity on the suite takes nothing.
    pub from: Severity,
    /// The names of the vulnerabilities.
    pub ids: Vec<String>,
}

/// How many vulnerabilities a message names.
const NAMED: usize = 10;

impl fmt::Display for Blocked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self.ids.iter().take(NAMED).map(String::as_str).collect();
        write!(
            formatter,
            "source package `{}` {} has known vulnerabilities of severity `{}` or more, which suite `{}` does not take: {}",
            self.source,
            self.version,
            self.from.as_str(),
            self.suite,
            named.join(", ")
        )?;
        match self.ids.len() - named.len() {
            0 => Ok(()),
            more => write!(formatter, " and {more} more"),
        }
    }
}

/// Why it cannot be found out whether a suite takes a package.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The version of its source cannot be read.
    #[error(transparent)]
    Control(#[from] ScanError),
    /// What the last scan kept cannot be read.
    #[error("the result of the last scan for vulnerabilities of `{package}` cannot be read: scan again")]
    Advisory {
        /// The source package.
        package: PackageName,
        /// Why.
        source: serde_json::Error,
    },
}

impl Archive {
    /// Returns by what it is judged whether a suite takes a package, and what keeps it out: `None` for a suite that takes all, and before
    /// the first scan nothing is known.
    pub(crate) fn blocking_vulnerabilities(
        &self,
        suite: &Suite,
        content: &Content,
    ) -> Result<Option<(Judged, Option<Blocked>)>, GateError> {
        let settings = self.config().vulnerabilities.as_ref();
        let gated = settings.and_then(|settings| Some((settings, settings.blocked_from(suite)?)));
        let Some((settings, from)) = gated else {
            return Ok(None);
        };
        let (codename, source) = (&suite.codename, &content.source);
        let Some(text) = self.security_reports().advisory(codename, source.as_str())? else {
            return Ok(Some((Judged { advisory: None }, None)));
        };
        let judged = Judged {
            advisory: Some(Sha256::of(text.as_bytes())),
        };
        let advisory: Advisory = serde_json::from_str(&text).map_err(|error| GateError::Advisory {
            package: source.clone(),
            source: error,
        })?;
        let version = source_version(content)?;
        let ids = advisory.blocking(settings.release_of(suite), source.as_str(), &version, from);
        let blocked = (!ids.is_empty()).then(|| Blocked {
            suite: codename.clone(),
            source: source.clone(),
            version,
            from,
            ids,
        });
        Ok(Some((judged, blocked)))
    }
}
