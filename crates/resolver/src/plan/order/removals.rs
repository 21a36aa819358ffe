//! When packages go that are needed until others have come.
//!
//! What comes and breaks such a package most often has its files, as a library of the same ABI under a new name has them: dpkg deconfigures
//! the old one when the new one is unpacked, and there is no moment without the library. So it goes right after that. What conflicts with
//! it cannot be unpacked before it went. Whatever goes and needs it goes with it.

use std::collections::{HashMap, HashSet};

use super::{ALL, Step, needs};
use crate::universe::{Field, MultiArch, PackageId, Universe};

/// What goes although something needs it until then.
pub(super) struct Removals<'u> {
    universe: &'u Universe,
    /// What has not gone yet; what needs something stands before it.
    left: Vec<PackageId>,
    /// What goes before each package that comes.
    before: HashMap<PackageId, Vec<PackageId>>,
    /// What goes after each package that comes.
    after: HashMap<PackageId, Vec<PackageId>>,
    /// What takes the place of each package that is broken by what comes.
    replaced: HashMap<PackageId, PackageId>,
}

impl<'u> Removals<'u> {
    pub(super) fn new(universe: &'u Universe, unpacked: &[PackageId], needed: Vec<PackageId>) -> Self {
        let mut conflicting = pairs(universe, unpacked, &needed, Field::Conflicts);
        conflicting.extend(unequal_halves(universe, unpacked, &needed));
        let in_conflict: HashSet<PackageId> = conflicting.iter().map(|(_, old)| *old).collect();
        let mut replaced: HashMap<PackageId, PackageId> = HashMap::new();
        for (new, old) in pairs(universe, unpacked, &needed, Field::Breaks) {
            let name = universe.package(old).name;
            let provides = universe
                .providers(name)
                .iter()
                .any(|provider| provider.package == new);
            if !conflicting.contains(&(new, old)) && (provides || !replaced.contains_key(&old)) {
                replaced.insert(old, new);
            }
        }
        let broken = needed.iter().filter(|old| !in_conflict.contains(old));
        let broken = broken.filter_map(|old| Some((*replaced.get(old)?, *old)));
        Self {
            universe,
            before: by_first(conflicting.into_iter()),
            after: by_first(broken),
            replaced,
            left: needed,
        }
    }

    /// Returns what is broken by what comes, each with what takes its place.
    pub(super) fn replaced(&self) -> impl Iterator<Item = (PackageId, PackageId)> {
        self.replaced.iter().map(|(old, new)| (*old, *new))
    }

    /// Puts each removal where it belongs among the steps of what comes; what nothing stands against goes last.
    pub(super) fn place(&mut self, arriving: Vec<Step>) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in arriving {
            let Step::Unpack(package) = step else {
                steps.push(step);
                continue;
            };
            for old in self.before.remove(&package).unwrap_or_default() {
                steps.extend(self.take(old).into_iter().map(Step::GiveWay));
            }
            steps.push(step);
            for old in self.after.remove(&package).unwrap_or_default() {
                steps.extend(self.take(old).into_iter().map(Step::Replaced));
            }
        }
        steps.extend(std::mem::take(&mut self.left).into_iter().map(Step::Remove));
        steps
    }

    /// Takes a package out of what is left, and with it what needs it.
    fn take(&mut self, package: PackageId) -> Vec<PackageId> {
        if !self.left.contains(&package) {
            return Vec::new();
        }
        let mut going = HashSet::from([package]);
        loop {
            let before = going.len();
            for other in &self.left {
                let mut needed = needs(self.universe, *other, &ALL);
                if needed.any(|needed| going.contains(&needed)) {
                    going.insert(*other);
                }
            }
            if going.len() == before {
                break;
            }
        }
        let (gone, left) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|one| going.contains(one));
        self.left = left;
        gone
    }
}

/// Returns the packages of the first list with those of the second one that they cannot be beside, whichever of the two says so.
pub(super) fn pairs(
    universe: &Universe,
    unpacked: &[PackageId],
    needed: &[PackageId],
    field: Field,
) -> Vec<(PackageId, PackageId)> {
    if needed.is_empty() {
        return Vec::new();
    }
    let opponents = |package: PackageId| {
        let groups = universe.related(package, field);
        groups
            .iter()
            .flat_map(move |group| universe.conflicting(package, *group))
    };
    let mut pairs = Vec::new();
    let old: HashSet<PackageId> = needed.iter().copied().collect();
    for new in unpacked {
        pairs.extend(
            opponents(*new)
                .filter(|other| old.contains(other))
                .map(|other| (*new, other)),
        );
    }
    let new: HashSet<PackageId> = unpacked.iter().copied().collect();
    for old in needed {
        pairs.extend(
            opponents(*old)
                .filter(|other| new.contains(other))
                .map(|other| (other, *old)),
        );
    }
    pairs
}

/// Returns the packages of the first list with those of the second one that are `Multi-Arch: same` of another architecture and version: dpkg
/// configures neither beside the other, and their shared files differ.
fn unequal_halves(
    universe: &Universe,
    unpacked: &[PackageId],
    needed: &[PackageId],
) -> Vec<(PackageId, PackageId)> {
    let is_same = |package: PackageId| universe.multi_arch(package) == MultiArch::Same;
    let mut found = Vec::new();
    for old in needed.iter().copied().filter(|old| is_same(*old)) {
        let name = universe.package(old).name;
        let others = unpacked.iter().copied().filter(|new| {
            universe.package(*new).name == name
                && is_same(*new)
                && universe.machine(*new) != universe.machine(old)
                && !universe.co_installable(*new, old)
        });
        found.extend(others.map(|new| (new, old)));
    }
    found
}

fn by_first(pairs: impl Iterator<Item = (PackageId, PackageId)>) -> HashMap<PackageId, Vec<PackageId>> {
    let mut map: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
    for (first, second) in pairs {
        map.entry(first).or_default().push(second);
    }
    map
}
