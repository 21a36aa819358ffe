//! The candidate of a package: the version that a request for its name alone installs, or keeps.
//!
//! Source: apt_preferences(5), "How APT Interprets Priorities".

use std::cmp::Reverse;

use debian_control::version::Version;
use resolver::universe::PackageId;

use crate::machine;
use crate::resolver_input::ResolverInput;

/// From this priority on, an older version than the installed one comes as well. Source: apt_preferences(5).
const ALSO_OLDER: i32 = 1000;

/// A package of one architecture, with all its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// All of them, the newest first.
    pub all: Vec<PackageId>,
    /// The one that is installed.
    pub installed: Option<PackageId>,
    /// The one that a request for the name installs, or keeps; `None` where none may come.
    pub candidate: Option<PackageId>,
}

impl Versions {
    /// Puts versions of one package in order.
    pub fn new(mut all: Vec<PackageId>, input: &ResolverInput<'_>) -> Self {
        let version = |package: PackageId| input.universe.version(package).parse::<Version>().ok();
        all.sort_by_cached_key(|package| Reverse(version(*package)));
        let mut present = all.iter().copied();
        let installed = present.find(|package| input.installed_as(*package).is_some());
        let candidate = candidate(&all, installed, input);
        Self {
            all,
            installed,
            candidate,
        }
    }

    /// Returns the versions of an installed package.
    pub fn of_installed(name: &str, architecture: &str, input: &ResolverInput<'_>) -> Self {
        let own = runs_as(architecture);
        let versions = input.universe.versions_of(name).iter().copied();
        let is_meant = |package: &PackageId| runs_as(input.universe.architecture(*package)) == own;
        Self::new(versions.filter(is_meant).collect(), input)
    }

    /// Returns the candidate, where that is newer than what is installed.
    pub fn upgrade(&self, input: &ResolverInput<'_>) -> Option<PackageId> {
        let version = |package: PackageId| input.universe.version(package).parse::<Version>().ok();
        let (installed, candidate) = (self.installed?, self.candidate?);
        (version(candidate) > version(installed)).then_some(candidate)
    }
}

/// Returns the architecture that a package runs as: packages of `all` as the machine's own.
pub fn runs_as(architecture: &str) -> &str {
    match architecture {
        "all" => machine::architecture(),
        own => own,
    }
}

/// Returns the version that a request for the name alone installs, of those that are there with the newest first.
fn candidate(
    packages: &[PackageId],
    installed: Option<PackageId>,
    input: &ResolverInput<'_>,
) -> Option<PackageId> {
    let universe = &input.universe;
    let newer: Vec<PackageId> = packages
        .iter()
        .copied()
        .take_while(|package| Some(*package) != installed)
        .collect();
    let counts = |package: &PackageId| {
        let priority = universe.priority(*package);
        let is_older = installed.is_some() && !newer.contains(package) && Some(*package) != installed;
        Some(*package) == installed || priority > 0 && (!is_older || priority >= ALSO_OLDER)
    };
    // Of equal ones the newest, which stands first.
    let wanted = packages.iter().copied().filter(counts);
    wanted.rev().max_by_key(|package| universe.priority(*package))
}
