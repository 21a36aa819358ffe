//! The order of unpacking and configuring.
//!
//! What a package needs is configured before it; packages that need each other are unpacked together and configured
//! after that; and what a package pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2. What breaks or
//! conflicts with an installed version is unpacked after the version that replaces that one, and the halves of a
//! `Multi-Arch: same` pair one after the other.
//!
//! Packages go first, as long as nothing that stays until then needs them; else last, when what needed them has changed or
//! what takes their place is there. One that is needed and cannot be beside what comes goes in the middle: see [`removals`].

mod components;
mod preference;
mod removals;

use std::collections::{HashMap, HashSet};

use super::Plan;
use crate::universe::{Field, PackageId, RelationContext, Universe};
use components::components;
use preference::by_preference;
use removals::Removals;

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A package is removed; nothing that is installed then needs it.
    Remove(PackageId),
    /// A package is removed although something that is installed needs it: what is unpacked next conflicts with it.
    GiveWay(PackageId),
    /// A package is removed although something that is installed needs it: what was unpacked last breaks it, and most often has its files.
    Replaced(PackageId),
    /// A package is unpacked, over its other version where that is installed.
    Unpack(PackageId),
    /// A package is configured.
    Configure(PackageId),
}

const ALL: [Field; 2] = [Field::PreDepends, Field::Depends];

/// Returns the steps of a plan.
pub(super) fn steps(universe: &Universe, installed: &[PackageId], plan: &Plan) -> Vec<Step> {
    let removed: Vec<PackageId> = plan.remove.iter().map(|removal| removal.package).collect();
    let unpacked: Vec<PackageId> = plan.unpacked().collect();
    let needed = needed_meanwhile(universe, installed, &removed);
    let changed: HashMap<PackageId, PackageId> =
        plan.changes().map(|change| (change.from, change.to)).collect();
    // Whatever needs something goes before it.
    let order = Ordering {
        universe,
        replaced: &changed,
    };
    let groups = order.ordered(&removed, &ALL).into_iter().rev();
    let (needed, first): (Vec<_>, Vec<_>) = groups.flatten().partition(|package| needed.contains(package));
    let mut removals = Removals::new(universe, &unpacked, needed);
    let replaced = changed.iter().map(|(from, to)| (*from, *to));
    let order = Ordering {
        universe,
        replaced: &replaced.chain(removals.replaced()).collect(),
    };
    let mut arriving = Vec::new();
    for group in order.ordered(&unpacked, &ALL) {
        order.push_group(&group, &mut arriving);
    }
    let first = first.into_iter().map(Step::Remove);
    first.chain(removals.place(arriving)).collect()
}

/// Returns the packages that go and that something else needs as long as it is as it is: it stays, or changes later.
fn needed_meanwhile(
    universe: &Universe,
    installed: &[PackageId],
    removed: &[PackageId],
) -> HashSet<PackageId> {
    let mut needed = HashSet::new();
    if removed.is_empty() {
        return needed;
    }
    let here: HashSet<PackageId> = installed.iter().copied().collect();
    let mut first: HashSet<PackageId> = removed.iter().copied().collect();
    // What is kept for a while needs its own dependencies as long.
    loop {
        let before = needed.len();
        for package in installed.iter().filter(|package| !first.contains(package)) {
            for field in ALL {
                for group in universe.related(*package, field) {
                    let context = RelationContext::Need(universe.package(*package).architecture);
                    let met = universe.candidates(*group, context).into_iter();
                    let met: Vec<PackageId> = met.filter(|other| here.contains(other)).collect();
                    // What was not met before is no reason.
                    if met.iter().all(|other| first.contains(other)) {
                        needed.extend(met);
                    }
                }
            }
        }
        if needed.len() == before {
            return needed;
        }
        first.retain(|package| !needed.contains(package));
    }
}

fn conflicting(universe: &Universe, package: PackageId) -> impl Iterator<Item = PackageId> {
    [Field::Conflicts, Field::Breaks]
        .into_iter()
        .flat_map(move |field| universe.related(package, field))
        .flat_map(move |group| universe.conflicting(package, *group))
}

/// What decides on the order.
struct Ordering<'a> {
    universe: &'a Universe,
    /// What is installed and is replaced, with what replaces it.
    replaced: &'a HashMap<PackageId, PackageId>,
}

impl Ordering<'_> {
    /// Appends the steps of packages that need each other, or should be replaced before each other. dpkg can do without the latter, but for
    /// essential packages: it holds as far as it does not stand against what is needed.
    fn push_group(&self, group: &[PackageId], steps: &mut Vec<Step>) {
        let needed = |package: PackageId| -> Vec<PackageId> {
            let replaced = self.replacements(package);
            needs(self.universe, package, &ALL)
                .chain(replaced.filter(|other| self.universe.is_essential(*other)))
                .chain(self.other_halves(package))
                .collect()
        };
        let circles = self.grouped(group, needed);
        let better = |package: PackageId| self.replacements(package).collect();
        for place in by_preference(&circles, needed, better) {
            if let Some(circle) = circles.get(place) {
                self.push_circle(circle, steps);
            }
        }
    }

    /// Appends the steps of packages that need each other: each one is unpacked when what it pre-depends on is configured, with all that
    /// this needs, and what nothing waits for is configured at the end.
    fn push_circle(&self, circle: &[PackageId], steps: &mut Vec<Step>) {
        let needed_first: HashMap<PackageId, HashSet<PackageId>> = circle
            .iter()
            .map(|package| (*package, self.needed_before_unpacking(*package, circle)))
            .collect();
        let unpacked = self.grouped(circle, |package| {
            let needed = needed_first.get(&package).into_iter().flatten();
            needed.copied().chain(self.other_halves(package)).collect()
        });
        let mut waiting: Vec<PackageId> = Vec::new();
        for package in unpacked.into_iter().flatten() {
            let is_needed = |other: &PackageId| {
                let needed = needed_first.get(&package);
                needed.is_some_and(|needed| needed.contains(other))
            };
            let (ready, rest): (Vec<_>, _) = waiting.into_iter().partition(is_needed);
            waiting = rest;
            steps.extend(ready.into_iter().map(Step::Configure));
            steps.push(Step::Unpack(package));
            waiting.push(package);
        }
        steps.extend(waiting.into_iter().map(Step::Configure));
    }

    /// Returns those of some packages that a package pre-depends on, and what these need to be configured.
    fn needed_before_unpacking(&self, package: PackageId, among: &[PackageId]) -> HashSet<PackageId> {
        let is_meant = |other: &PackageId| *other != package && among.contains(other);
        let mut queue: Vec<PackageId> = needs(self.universe, package, &[Field::PreDepends])
            .filter(is_meant)
            .collect();
        let mut found: HashSet<PackageId> = queue.iter().copied().collect();
        while let Some(other) = queue.pop() {
            for further in needs(self.universe, other, &ALL).filter(is_meant) {
                if found.insert(further) {
                    queue.push(further);
                }
            }
        }
        found
    }

    /// Groups packages that need each other, or have to be replaced before each other, and puts what is needed first.
    fn ordered(&self, packages: &[PackageId], fields: &[Field]) -> Vec<Vec<PackageId>> {
        self.grouped(packages, |package| {
            needs(self.universe, package, fields)
                .chain(self.replacements(package))
                .chain(self.other_halves(package))
                .collect()
        })
    }

    /// Groups packages that come before each other, and puts what comes before others first.
    fn grouped(
        &self,
        packages: &[PackageId],
        before: impl Fn(PackageId) -> Vec<PackageId>,
    ) -> Vec<Vec<PackageId>> {
        let places: HashMap<PackageId, usize> = packages
            .iter()
            .enumerate()
            .map(|(place, id)| (*id, place))
            .collect();
        let edges = packages.iter().map(|package| {
            let others = before(*package).into_iter();
            others.filter_map(|other| places.get(&other).copied()).collect()
        });
        let edges: Vec<Vec<usize>> = edges.collect();
        let named = |group: Vec<usize>| {
            group
                .into_iter()
                .filter_map(|place| packages.get(place).copied())
                .collect()
        };
        components(&edges).into_iter().map(named).collect()
    }

    /// Returns the other packages of the name of one: of those that come, its halves for other architectures.
    fn other_halves(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let named = self.universe.named(self.universe.package(package).name);
        named.iter().copied().filter(move |other| *other != package)
    }

    /// Returns what replaces the installed versions that a package cannot be beside.
    fn replacements(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        conflicting(self.universe, package).filter_map(|other| self.replaced.get(&other).copied())
    }
}

/// Returns whatever could meet the needs of a package.
fn needs<'u>(
    universe: &'u Universe,
    package: PackageId,
    fields: &[Field],
) -> impl Iterator<Item = PackageId> + use<'u> {
    let context = RelationContext::Need(universe.package(package).architecture);
    let groups: Vec<_> = fields
        .iter()
        .flat_map(|field| universe.related(package, *field))
        .copied()
        .collect();
    groups
        .into_iter()
        .flat_map(move |group| universe.candidates(group, context))
}
