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
/// as what is installed, and as much as other bytes of the same version: an archive that was rebuilt is no upgrade.
pub(crate) fn newest_first(universe: &Universe, package: PackageId) -> Vec<PackageId> {
    let mut versions: Vec<PackageId> = siblings(universe, package)
        .filter(|other| *other == package || universe.priority(*other) >= 0)
        .collect();
    let version = universe.package(package).version;
    let same = versions
        .iter()
        .filter(|other| universe.package(**other).version == version);
    let same = same.map(|other| universe.priority(*other)).max();
    let installed = same.unwrap_or(INSTALLED).max(INSTALLED);
    versions.sort_by_key(|other| {
        let own = if *other == package { installed } else { i32::MIN };
        let rank = universe.rank(universe.package(*other).version);
        (
            Reverse(universe.priority(*other).max(own)),
            Reverse(rank),
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
