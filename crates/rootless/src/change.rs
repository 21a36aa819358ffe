//! A change of what is installed: what comes, what goes and what is marked. Rootless or by dpkg, it is described alike.

use std::path::PathBuf;

use debian_control::digest::Sha256;
use debian_control::stanza::Stanza;

use crate::change_stage::Listener;
use crate::generation::{Held, Programs, Provenance};

/// What is to change.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Packages that come; one that is there in another version goes.
    pub add: Vec<Add>,
    /// Packages that go.
    pub remove: Vec<PackageKey>,
    /// What becomes of the configuration files of packages that go.
    pub configuration: Configuration,
    /// Packages that were asked for from now on (`false`), or come and go by themselves (`true`).
    pub automatic: Vec<(PackageKey, bool)>,
    /// Packages that are held from now on, or no longer.
    pub holds: Vec<(PackageKey, Held)>,
    /// Whose programs are in `bin` from now on; `None`: as before.
    pub programs: Option<Programs>,
    /// The command, for the history.
    pub command: String,
    /// The time, for the history: RFC 3339, UTC.
    pub time: String,
    /// The program that is `cpkgs`: it starts programs that look for their files at fixed paths. `None`: they start as others do.
    pub launcher: Option<PathBuf>,
    /// Who is told how far it is.
    pub listener: Listener,
}

/// What becomes of the configuration files of packages that go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Configuration {
    /// They stay; without root, those that were changed.
    #[default]
    Stays,
    /// They go too.
    Goes,
}

/// A package that comes.
#[derive(Debug, Clone)]
pub struct Add {
    /// Its stanza.
    pub stanza: String,
    /// Its file, verified.
    pub deb: PathBuf,
    /// The digest of the file in the stanza.
    pub sha256: Sha256,
    /// Whether it comes only because another needs it. Of one that changes its version this is asked too.
    pub automatic: bool,
    /// What it comes for.
    pub why: Option<String>,
    /// The signed state that it was found in.
    pub provenance: Option<Provenance>,
}

impl Add {
    /// Returns which package it is.
    pub fn key(&self) -> Option<PackageKey> {
        let stanza = Stanza::of_index(&self.stanza).ok()?;
        Some(PackageKey {
            name: stanza.line("Package")?.to_owned(),
            architecture: stanza.line("Architecture")?.to_owned(),
        })
    }
}

/// Of which one version is installed at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageKey {
    /// `Package`.
    pub name: String,
    /// `Architecture`.
    pub architecture: String,
}
