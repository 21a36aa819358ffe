//! What stands against packages that come, other than a conflict.
//!
//! dpkg configures nothing that something unpacked breaks, and no half of a `Multi-Arch: same` pair beside another version of the other one. And
//! where one relation of what it unpacks breaks several configured packages at once, it deconfigures none of them, and refuses.
//! Source: dpkg's `breakses_ok`, `deferred_configure`, `depisok` and `check_breaks`.

use std::collections::{HashMap, HashSet};

use crate::universe::{Field, MultiArch, PackageId, Universe};

/// What comes, with what stands against it of what changes or goes.
#[derive(Default)]
pub(super) struct Obstacles {
    /// What comes, with what must not be there any more when it is configured.
    to_configuring: HashMap<PackageId, Vec<PackageId>>,
    /// What comes, with what each of its relations breaks, where that is more than one.
    crowds: HashMap<PackageId, Vec<Vec<PackageId>>>,
}

impl Obstacles {
    /// Finds it among what is unpacked, and what is there until then and not after.
    pub(super) fn new(universe: &Universe, unpacked: &[PackageId], old: &[PackageId]) -> Self {
        let mut obstacles = Self::default();
        if old.is_empty() {
            return obstacles;
        }
        let among = |package: PackageId, others: &HashSet<PackageId>| -> Vec<Vec<PackageId>> {
            let groups = universe.related(package, Field::Breaks).iter();
            let broken = groups.map(|group| {
                let broken = universe.conflicting(package, *group);
                let mut broken: Vec<PackageId> = broken.filter(|other| others.contains(other)).collect();
                broken.sort_unstable();
                broken.dedup();
                broken
            });
            broken.collect()
        };
        let new: HashSet<PackageId> = unpacked.iter().copied().collect();
        for obstacle in old {
            let halves = unequal_halves(universe, *obstacle).filter(|half| new.contains(half));
            for hindered in among(*obstacle, &new).into_iter().flatten().chain(halves) {
                obstacles
                    .to_configuring
                    .entry(hindered)
                    .or_default()
                    .push(*obstacle);
            }
        }
        for olds in obstacles.to_configuring.values_mut() {
            olds.sort_unstable();
            olds.dedup();
        }
        let old: HashSet<PackageId> = old.iter().copied().collect();
        for package in unpacked {
            let mut crowds = among(*package, &old);
            crowds.retain(|crowd| crowd.len() > 1);
            if !crowds.is_empty() {
                obstacles.crowds.insert(*package, crowds);
            }
        }
        obstacles
    }

    /// Returns what must not be there any more when a package is configured.
    pub(super) fn to_configuring(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        self.to_configuring.get(&package).into_iter().flatten().copied()
    }

    /// Returns all that a package breaks together with others by one relation.
    pub(super) fn crowded(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let crowds = self.crowds.get(&package).into_iter().flatten();
        crowds.flatten().copied()
    }

    /// Returns what must not be configured any more when a package is unpacked, so that each of its relations breaks one at most: the
    /// first in the order of `rank`.
    pub(super) fn too_many<K: Ord>(
        &self,
        package: PackageId,
        is_configured: impl Fn(PackageId) -> bool,
        rank: impl Fn(PackageId) -> K,
    ) -> Vec<PackageId> {
        let mut found: Vec<PackageId> = Vec::new();
        // What one relation has dpkg deconfigure does not count for the next.
        let mut done: HashSet<PackageId> = HashSet::new();
        for crowd in self.crowds.get(&package).into_iter().flatten() {
            let there = crowd.iter().copied();
            let mut there: Vec<PackageId> = there
                .filter(|old| is_configured(*old) && !done.contains(old))
                .collect();
            there.sort_by_key(|old| rank(*old));
            found.extend(there.iter().skip(1));
            done.extend(there);
        }
        found
    }
}

/// Returns the other halves of a `Multi-Arch: same` package that are of another version: dpkg configures neither beside the other, and their
/// shared files differ.
pub(in crate::plan) fn unequal_halves(
    universe: &Universe,
    package: PackageId,
) -> impl Iterator<Item = PackageId> {
    let is_same = |package| universe.multi_arch(package) == MultiArch::Same;
    let named = universe.named(universe.package(package).name).iter().copied();
    named.filter(move |other| {
        universe.machine(*other) != universe.machine(package)
            && is_same(package)
            && is_same(*other)
            && !universe.co_installable(package, *other)
    })
}
