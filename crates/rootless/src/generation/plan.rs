//! `plan.json`: what a generation holds, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a generation holds, and how it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its number; 0 for the empty one before the first.
    pub number: u64,
    /// The generation that counted before it.
    #[serde(default)]
    pub parent: Option<u64>,
    /// When it was made: RFC 3339, UTC.
    pub created: String,
    /// The command that made it.
    pub command: String,
    /// Whose programs are in its `bin`.
    #[serde(default)]
    pub programs: Programs,
    /// How its packages differ from those of its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Its packages, by name and architecture.
    pub packages: Vec<PackageRecord>,
}

/// The packages that one generation has and another has not, with their versions, and which are held in one alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Difference {
    /// Packages that came.
    pub added: Vec<String>,
    /// Packages that went.
    pub removed: Vec<String>,
    /// Packages of another version, with the old one and the new one.
    pub changed: Vec<String>,
    /// Names of packages that are held from then on.
    pub held: Vec<String>,
    /// Names of packages that may change again.
    pub unheld: Vec<String>,
}

/// Whose programs are in `bin`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Programs {
    /// Those of packages that were asked for.
    #[default]
    AskedFor,
    /// Those of all packages.
    All,
}

/// A package of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRecord {
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// The digest of its file.
    pub sha256: String,
    /// Its folder in the store.
    pub store: String,
    /// Whether it came by itself, because another needs it.
    #[serde(default)]
    pub automatic: bool,
    /// Whether it may change.
    #[serde(default)]
    pub hold: Held,
    /// What it came for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The signed state that it was found in; none for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Its configuration files as it has them: path from the root, SHA-256.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conffiles: BTreeMap<String, String>,
    /// Its stanza in the index it was found in.
    pub stanza: String,
}

/// Whether a package may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// It may.
    #[default]
    Free,
    /// It stays in its version.
    Held,
}

/// The signed state of an archive that a package was found in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The root of the archive.
    pub url: String,
    /// The suite.
    pub suite: String,
    /// `Date` of its Release.
    pub date: String,
    /// The fingerprint of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl PackageRecord {
    /// Returns name and architecture: one version of which is installed.
    pub fn key(&self) -> (&str, &str) {
        (&self.name, &self.architecture)
    }
}
