//! What a build of a generation reports.

use std::collections::{BTreeMap, BTreeSet};

/// What there is to say about a generation that was built.
#[derive(Debug, Default)]
pub struct Notes {
    /// What maintainer scripts would have done and nobody did, by package.
    pub scripts: BTreeMap<String, String>,
    /// What was left out of packages, by package.
    pub dropped: BTreeMap<String, Vec<String>>,
    /// Libraries that programs need and no package has, with a program that does.
    pub missing: BTreeMap<String, String>,
    /// Programs below `/opt` of packages that have none where a person calls them, by package.
    pub elsewhere: BTreeMap<String, Vec<String>>,
    /// Folders of packages with files that are laid over nothing of this machine, by package.
    pub outside: BTreeMap<String, BTreeSet<String>>,
    /// Programs that make indexes and caches, and failed at it, each with why.
    pub failed: Vec<String>,
    /// Programs that were asked for and look for their files at fixed paths, where these cannot be laid there.
    pub fixed: Vec<String>,
    /// Whether files of the generation are laid over the host's for who needs that.
    pub lays_files: bool,
    /// Whether `/opt` is laid over the host's for who needs that.
    pub lays_vendors: bool,
    /// Programs that need that, where it is not, by package.
    pub unlaid: BTreeMap<String, Vec<String>>,
}
