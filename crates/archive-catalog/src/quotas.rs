//! Quotas: how much suites and accounts may keep in the archive.

use std::fmt;

use debian_control::name::SuiteName;

use crate::accounts::Username;
use crate::audit::AuditEvent;
use crate::error::CatalogError;

/// Whose quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaOwner {
    /// A suite, by codename.
    Suite(SuiteName),
    /// An account.
    Account(Username),
}

impl fmt::Display for QuotaOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suite(suite) => write!(formatter, "suite `{suite}`"),
            Self::Account(name) => write!(formatter, "account `{name}`"),
        }
    }
}

/// How much may be kept; `None`: as much as there is room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Bytes, as [`Usage`] counts them.
    pub max_bytes: Option<u64>,
    /// Packages, as [`Usage`] counts them.
    pub max_packages: Option<u64>,
}

impl Quota {
    /// Says what of it `usage` would exceed.
    pub fn exceeded_by(&self, usage: &Usage) -> Option<(QuotaUnit, u64, u64)> {
        let bytes = (QuotaUnit::Bytes, self.max_bytes, usage.bytes);
        let packages = (QuotaUnit::Packages, self.max_packages, usage.packages);
        [packages, bytes]
            .into_iter()
            .find_map(|(unit, max, used)| max.filter(|max| used > *max).map(|max| (unit, used, max)))
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the files that placements need, each file once: also of placements that ended, until they are forgotten.
    pub bytes: u64,
    /// Placements that have not ended: one for each package and suite.
    pub packages: u64,
}

impl Usage {
    /// Returns how much of `unit` is kept.
    pub(crate) fn of(&self, unit: QuotaUnit) -> u64 {
        match unit {
            QuotaUnit::Bytes => self.bytes,
            QuotaUnit::Packages => self.packages,
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaUnit {
    /// Bytes of files.
    Bytes,
    /// Packages.
    Packages,
}

impl QuotaUnit {
    /// Returns what one is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "byte",
            Self::Packages => "package",
        }
    }
}

/// A quota, and what of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaState {
    /// The quota.
    pub quota: Quota,
    /// What is used.
    pub usage: Usage,
}

/// The quotas of an archive. Placements that are somebody's wish are refused where they would exceed one, in the transaction that makes them.
pub trait Quotas: Send + Sync {
    /// Returns a quota and what of it is used; `None` where there is no such suite or account.
    fn quota(&self, owner: &QuotaOwner) -> Result<Option<QuotaState>, CatalogError>;

    /// Sets a quota, and says whether there is such a suite or account. One that is exceeded already takes nothing away.
    fn set_quota(&self, owner: &QuotaOwner, quota: &Quota, event: &AuditEvent) -> Result<bool, CatalogError>;
}
