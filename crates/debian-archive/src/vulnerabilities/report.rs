//! What a scan found.

use serde::{Deserialize, Serialize};

use crate::severity::Severity;

/// What is known of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A later version is fixed.
    Fixable,
    /// No version is fixed.
    Open,
    /// Nobody has found out whether it is affected.
    Undetermined,
}

impl Standing {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixable => "fixable",
            Self::Open => "open",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A vulnerability of a source package, in a version that a suite holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Affected {
    /// Its name, as `CVE-2026-1234`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is known of this version.
    pub standing: Standing,
    /// The version that is fixed, where there is one.
    pub fixed_version: Option<String>,
    /// The source package.
    pub source: String,
    /// Its version.
    pub source_version: String,
    /// The packages that the suite holds of it.
    pub packages: Vec<AffectedPackage>,
}

impl Affected {
    /// Says whether it is worth a look: it is not `unimportant`, and the version is known to be affected.
    pub fn is_serious(&self) -> bool {
        self.severity > Severity::Unimportant && self.standing != Standing::Undetermined
    }
}

/// A package that was built from an affected source package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AffectedPackage {
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
}

/// What a scan of a suite found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityReport {
    /// The release whose data the suite was compared with.
    pub release: String,
    /// How many source packages, each in each of its versions, were looked up.
    pub checked: usize,
    /// How many of them the data knows.
    pub known: usize,
    /// The worst first, then by source package, version and name.
    pub affected: Vec<Affected>,
}
