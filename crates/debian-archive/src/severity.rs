//! How bad vulnerabilities are: in data, in reports and in settings.

use serde::{Deserialize, Serialize};

/// How bad a vulnerability is, by those who keep the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not worth a fix, as the tracker's `unimportant` and Ubuntu's `negligible`.
    Unimportant,
    /// Not judged yet, or not in the data.
    Unknown,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// Reads the urgency of the Debian tracker or the priority of Ubuntu.
    pub(crate) fn of(text: &str) -> Self {
        // Old entries have marks of doubt, as `low**`.
        match text.trim_end_matches('*').to_ascii_lowercase().as_str() {
            "unimportant" | "negligible" => Self::Unimportant,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Unknown,
        }
    }

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unimportant => "unimportant",
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
