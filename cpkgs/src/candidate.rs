//! The candidate of a package: the version that a request for its name alone installs, or keeps.
//!
//! Source: apt_preferences(5), "How APT Interprets Priorities".

use std::cmp::Ordering;

use resolver::universe::PackageId;

use crate::machine;
use crate::resolver_input::ResolverInput;

/// From this priority on, an older version than the installed one comes as well. Source: apt_preferences(5).
const ALSO_OLDER: i32 = 1000;
/// What is installed counts at least so much. Source: apt_preferences(5).
const INSTALLED: i32 = 100;

/// A package of one architecture, with all its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// All of them, the newest first, and of equal ones the installed one.
    pub all: Vec<PackageId>,
    /// The one that is installed.
    pub installed: Option<PackageId>,
    /// The one that a request for the name installs, or keeps; `None` where none may come.
    pub candidate: Option<PackageId>,
}

impl Versions {
    /// Puts versions of one package in order.
    pub fn new(mut all: Vec<PackageId>, input: &ResolverInput<'_>) -> Self {
        let mut present = all.iter().copied();
        let installed = present.find(|package| input.installed_as(*package).is_some());
        all.sort_by(|left, right| {
            let newest = input.universe.compare_versions(*right, *left);
            newest.then_with(|| (Some(*left) != installed).cmp(&(Some(*right) != installed)))
        });
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
        let (installed, candidate) = (self.installed?, self.candidate?);
        let is_newer = input.universe.compare_versions(candidate, installed).is_gt();
        is_newer.then_some(candidate)
    }
}

/// Returns the architecture that a package runs as: packages of `all` as the machine's own, and installed ones that say none.
pub fn runs_as(architecture: &str) -> &str {
    match architecture {
        "all" | "" => machine::architecture(),
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
    // Other bytes of the same version, however that is written, are no upgrade: what is installed counts as much as those.
    let is_same =
        |other: &&PackageId| installed.is_some_and(|own| universe.compare_versions(**other, own).is_eq());
    let same = packages.iter().filter(is_same);
    let own = same.map(|other| universe.priority(*other)).max();
    let own = own.map_or(INSTALLED, |own| own.max(INSTALLED));
    let priority = |package: PackageId| match Some(package) == installed {
        true => own,
        false => universe.priority(package),
    };
    let present = packages.iter().position(|package| Some(*package) == installed);
    let counts = |(place, package): &(usize, PackageId)| match present.map(|present| place.cmp(&present)) {
        Some(Ordering::Equal) => true,
        Some(Ordering::Greater) => priority(*package) >= ALSO_OLDER,
        Some(Ordering::Less) | None => priority(*package) > 0,
    };
    // Of equal ones the newest, which stands first.
    let wanted = packages.iter().copied().enumerate().filter(counts);
    let wanted = wanted.map(|(_, package)| package);
    wanted.rev().max_by_key(|package| priority(*package))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use apt_client::lists::Lists;
    use apt_client::package_cache::{Machine, PackageCache};
    use debian_control::digest::sha256;
    use resolver::request::{Hold, Mark};

    use super::*;
    use crate::installed::{InstalledPackage, State};
    use crate::local::LocalDeb;

    /// Returns what one installed package would be upgraded to, where others are offered.
    fn upgrade(version: &str, architecture: &str, offered: &[&str]) -> Option<String> {
        let (candidate, is_newer) = candidate_of(version, architecture, offered);
        is_newer.then_some(candidate)
    }

    /// Returns the candidate of one installed package, where others are offered, and whether it is newer.
    fn candidate_of(version: &str, architecture: &str, offered: &[&str]) -> (String, bool) {
        let cache = tempfile::tempdir().unwrap();
        let machine = Machine::new(machine::architecture(), &[]).unwrap();
        let library = PackageCache::open(cache.path(), Lists::none(), machine).unwrap();
        let field = match architecture {
            "" => String::new(),
            architecture => format!("Architecture: {architecture}\n"),
        };
        let installed = InstalledPackage {
            name: "tool".to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            stanza: format!("Package: tool\nVersion: {version}\n{field}"),
            mark: Mark::Manual,
            hold: Hold::Free,
            state: State::Installed,
        };
        let native = machine::architecture();
        let files = offered.iter().map(|version| LocalDeb {
            path: PathBuf::new(),
            stanza: format!("Package: tool\nVersion: {version}\nArchitecture: {native}\nSize: 1\n"),
            sha256: sha256(b""),
        });
        let input = ResolverInput::new(&library, &[installed], files.collect()).unwrap();
        let versions = Versions::of_installed("tool", architecture, &input);
        assert!(versions.installed.is_some());
        let candidate = input.universe.version(versions.candidate.unwrap());
        (candidate.to_owned(), versions.upgrade(&input).is_some())
    }

    #[test]
    fn an_installed_version_that_no_package_may_have_any_more_is_compared_as_dpkg_does() {
        let native = machine::architecture();
        assert_eq!(upgrade("a1.0", native, &["1.0"]), None);
        assert_eq!(upgrade("1_0", native, &["1.0", "2.0"]).as_deref(), Some("2.0"));
    }

    #[test]
    fn an_installed_package_without_architecture_is_one_of_the_machine() {
        assert_eq!(upgrade("1", "", &["2"]).as_deref(), Some("2"));
    }

    #[test]
    fn a_version_in_another_writing_is_no_other_candidate() {
        let native = machine::architecture();
        for offered in ["1.0-0", "0:1.0", "1.00"] {
            let found = candidate_of("1.0", native, &[offered]);
            assert_eq!(found, ("1.0".to_owned(), false), "{offered}");
        }
    }

    #[test]
    fn what_is_older_stays_away() {
        let native = machine::architecture();
        assert_eq!(upgrade("2", native, &["1"]), None);
        assert_eq!(upgrade("2", native, &["1", "3"]).as_deref(), Some("3"));
    }
}
