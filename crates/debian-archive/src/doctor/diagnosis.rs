//! One line of a report.

use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// It was not looked at.
    Skipped,
    /// Clients accept it today; it goes wrong later, or for some of them.
    Warning,
    /// Clients refuse it, or somebody reads what is not theirs.
    Error,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// Keys: algorithm, self-signatures, expiry.
    Key,
    /// Signatures of a Release.
    Signature,
    /// `Valid-Until`, and whether it is renewed in time.
    Validity,
    /// The clocks of this machine and of the server.
    Clock,
    /// Indexes under the names of their digests.
    ByHash,
    /// What the server answers.
    Served,
    /// How long caches may keep what, beside how long the archive does.
    Caching,
    /// What nobody may fetch.
    Secret,
    /// Who may read which file.
    Permissions,
    /// Free space.
    Space,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Validity => "validity",
            Self::Clock => "clock",
            Self::ByHash => "by-hash",
            Self::Served => "served",
            Self::Caching => "caching",
            Self::Secret => "secret",
            Self::Permissions => "permissions",
            Self::Space => "space",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub area: Area,
    /// Where: a file below the root, an address, a key.
    pub place: String,
    /// What was found.
    pub found: String,
    /// What would be right, and how to get there; `None` where nothing is wrong.
    pub advice: Option<String>,
}

/// A report that is being written.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Diagnosis>);

impl Report {
    pub(super) fn ok(&mut self, area: Area, place: &str, found: impl Into<String>) {
        self.push(Level::Ok, area, place, found.into(), None);
    }

    pub(super) fn skip(&mut self, area: Area, place: &str, found: impl Into<String>) {
        self.push(Level::Skipped, area, place, found.into(), None);
    }

    pub(super) fn warning(&mut self, area: Area, place: &str, found: impl Into<String>, advice: &str) {
        self.push(Level::Warning, area, place, found.into(), Some(advice));
    }

    pub(super) fn error(&mut self, area: Area, place: &str, found: impl Into<String>, advice: &str) {
        self.push(Level::Error, area, place, found.into(), Some(advice));
    }

    fn push(&mut self, level: Level, area: Area, place: &str, found: String, advice: Option<&str>) {
        self.0.push(Diagnosis {
            level,
            area,
            place: place.to_owned(),
            found,
            advice: advice.map(str::to_owned),
        });
    }

    /// Says how many lines are worse than [`Level::Skipped`]: after a look at several things, whether all were right.
    pub(super) fn findings(&self) -> usize {
        let worse = self.0.iter().filter(|line| line.level > Level::Skipped);
        worse.count()
    }

    pub(super) fn into_diagnoses(self) -> Vec<Diagnosis> {
        self.0
    }
}
