//! The versions that an installed package may become, and which of them is preferred.

use std::cmp::Reverse;

use crate::request::{Request, Upgrade};
use crate::universe::{PackageId, Universe};

/// The priority of what is installed. Source: apt_preferences(5).
const INSTALLED: i32 = 100;

pub(crate) fn is_upgraded(universe: &Universe, request: &Request, package: PackageId) -> bool {
    match &request.upgrade {
        Upgrade::Nothing => false,
        Upgrade::All | Upgrade::Full => true,
        Upgrade::Names(names) => names.iter().any(|name| universe.is_called(package, name)),
    }
}

/// Returns the packages of the same name for the same architecture, itself among them.
pub(crate) fn siblings(universe: &Universe, package: PackageId) -> impl Iterator<Item = PackageId> + use<'_> {
    let machine = universe.machine(package);
    let named = universe.named(universe.package(package).name).iter().copied();
    named.filter(move |other| universe.machine(*other) == machine)
}

pub(crate) fn is_earlier(universe: &Universe, left: PackageId, right: PackageId) -> bool {
    let [left, right] = [left, right].map(|id| universe.rank(universe.package(id).version));
    left < right
}

/// Returns the versions that an installed package may become, as apt's priorities order them; its own counts at least
/// as what is installed, and as much as other bytes of the same version, however that is written: an archive that was rebuilt is no
/// upgrade.
pub(crate) fn newest_first(universe: &Universe, package: PackageId) -> Vec<PackageId> {
    let mut versions: Vec<PackageId> = siblings(universe, package)
        .filter(|other| *other == package || universe.priority(*other) >= 0)
        .collect();
    let rank = |package: PackageId| universe.rank(universe.package(package).version);
    let same = versions.iter().filter(|other| rank(**other) == rank(package));
    let same = same.map(|other| universe.priority(*other)).max();
    let installed = same.unwrap_or(INSTALLED).max(INSTALLED);
    versions.sort_by_key(|other| {
        let own = if *other == package { installed } else { i32::MIN };
        (
            Reverse(universe.priority(*other).max(own)),
            Reverse(rank(*other)),
            *other != package,
        )
    });
    versions
}

pub(crate) fn installed_first(universe: &Universe, package: PackageId) -> Vec<PackageId> {
    let mut versions = newest_first(universe, package);
    versions.sort_by_key(|other| *other != package);
    versions
}

/// Says whether some source has a package, in whatever version.
pub(crate) fn is_offered(universe: &Universe, package: PackageId) -> bool {
    siblings(universe, package).any(|other| other != package || universe.priority(other) > INSTALLED)
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::Stanza;

    use super::*;
    use crate::universe::{Source, UniverseBuilder};

    #[test]
    fn a_version_in_another_writing_is_no_newer_one() {
        let stanza = |version: &str| format!("Package: aa\nVersion: {version}\nArchitecture: all\n");
        let first = |here: &str, offered: &str| {
            let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
            let (here, offered) = (stanza(here), stanza(offered));
            let offered = builder.add(&Stanza::parse(&offered).unwrap(), Source::default());
            assert!(offered.unwrap().is_some());
            let installed = Source { priority: INSTALLED };
            let here = builder.add_installed(&Stanza::parse(&here).unwrap(), installed);
            let here = here.unwrap();
            newest_first(&builder.finish(), here).first() == Some(&here)
        };
        for (here, offered) in [("1.0-0", "1.0"), ("1.0", "1.0-0"), ("1.0", "0:1.0"), ("2", "1")] {
            assert_eq!(first(here, offered), here != "2", "{here} {offered}");
        }
        assert!(!first("1.0", "1.0-1"));
    }
}
