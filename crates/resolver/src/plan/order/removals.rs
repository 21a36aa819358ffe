//! When packages go that are needed until others have come.
//!
//! What comes and breaks such a package most often has its files, as a library of the same ABI under a new name has them: dpkg deconfigures
//! the old one when the new one is unpacked, and there is no moment without the library. So it goes right after that. What conflicts with
//! it cannot be unpacked before it went, and so it is with what breaks several of them at once. What it breaks itself is configured after it
//! went. Whatever goes and needs it goes with it.

use std::collections::{HashMap, HashSet};

use super::obstacles::{Obstacles, unequal_halves};
use super::{ALL, Step, needs};
use crate::universe::{Field, PackageId, Universe};

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
    /// What comes, with what stands against it of what goes or changes.
    obstacles: Obstacles,
}

impl<'u> Removals<'u> {
    pub(super) fn new(
        universe: &'u Universe,
        unpacked: &[PackageId],
        needed: Vec<PackageId>,
        changed: &HashMap<PackageId, PackageId>,
    ) -> Self {
        let mut conflicting = pairs(universe, unpacked, &needed, Field::Conflicts);
        let comes: HashSet<PackageId> = unpacked.iter().copied().collect();
        for old in &needed {
            let halves = unequal_halves(universe, *old).filter(|half| comes.contains(half));
            conflicting.extend(halves.map(|half| (half, *old)));
        }
        let in_conflict: HashSet<PackageId> = conflicting.iter().map(|(_, old)| *old).collect();
        // What provides it has its files; and of the halves of a pair each has those of its own architecture.
        let likeness = |new: PackageId, old: PackageId| {
            let providers = universe.providers(universe.package(old).name);
            let provides = providers.iter().any(|provider| provider.package == new);
            (provides, universe.machine(new) == universe.machine(old))
        };
        let mut replaced: HashMap<PackageId, PackageId> = HashMap::new();
        for (new, old) in pairs(universe, unpacked, &needed, Field::Breaks) {
            let known = replaced.get(&old).copied();
            let is_better = known.is_none_or(|known| likeness(new, old) > likeness(known, old));
            if is_better && !conflicting.contains(&(new, old)) {
                replaced.insert(old, new);
            }
        }
        let broken = needed.iter().filter(|old| !in_conflict.contains(old));
        let broken = broken.filter_map(|old| Some((*replaced.get(old)?, *old)));
        let obstacles = match needed.as_slice() {
            [] => Obstacles::default(),
            needed => {
                let old: Vec<PackageId> = changed.keys().chain(needed).copied().collect();
                Obstacles::new(universe, unpacked, &old)
            }
        };
        Self {
            universe,
            obstacles,
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
    pub(super) fn place(
        &mut self,
        arriving: Vec<Step>,
        changed: &HashMap<PackageId, PackageId>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in arriving {
            match step {
                Step::Unpack(package) => self.unpack(package, changed, &mut steps),
                Step::Configure(package) => {
                    for old in self.obstacles.to_configuring(package).collect::<Vec<_>>() {
                        steps.extend(self.take(old).into_iter().map(Step::Replaced));
                    }
                    steps.push(step);
                }
                other => steps.push(other),
            }
        }
        steps.extend(std::mem::take(&mut self.left).into_iter().map(Step::Remove));
        steps
    }

    /// Appends the unpacking of a package, and what goes right before and after it.
    fn unpack(&mut self, package: PackageId, changed: &HashMap<PackageId, PackageId>, steps: &mut Vec<Step>) {
        for old in self.before.remove(&package).unwrap_or_default() {
            steps.extend(self.take(old).into_iter().map(Step::GiveWay));
        }
        let is_there = |old: PackageId| match changed.get(&old) {
            Some(next) => !steps.contains(&Step::Unpack(*next)) && !steps.contains(&Step::GiveWay(old)),
            None => self.left.contains(&old),
        };
        // What changes does not go; of what goes, the one whose place is taken may stay until then.
        let is_other = |old| self.universe.machine(old) != self.universe.machine(package);
        let rank = |old| (!changed.contains_key(&old), is_other(old), old);
        for old in self.obstacles.too_many(package, is_there, rank) {
            steps.extend(self.take(old).into_iter().map(Step::GiveWay));
        }
        steps.push(Step::Unpack(package));
        for old in self.after.remove(&package).unwrap_or_default() {
            steps.extend(self.take(old).into_iter().map(Step::Replaced));
        }
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

fn by_first(pairs: impl Iterator<Item = (PackageId, PackageId)>) -> HashMap<PackageId, Vec<PackageId>> {
    let mut map: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
    for (first, second) in pairs {
        map.entry(first).or_default().push(second);
    }
    map
}
