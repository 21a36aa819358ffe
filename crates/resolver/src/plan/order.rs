//! The order of unpacking and configuring.
//!
//! What a package needs is configured before it; packages that need each other are unpacked together and configured
//! after that; and what a package pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2. What breaks or
//! conflicts with an installed version is unpacked after the version that replaces that one, and the halves of a
//! `Multi-Arch: same` pair one after the other.
//!
//! Packages go first, as long as nothing that stays until then needs them; else last, when what needed them has changed or
//! what takes their place is there. One that is needed and cannot be beside what takes its place gives way.

mod components;

use std::collections::{HashMap, HashSet};

use super::Plan;
use crate::universe::{Field, NameId, PackageId, RelationContext, Universe};
use components::components;

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A package is removed; nothing that is installed then needs it.
    Remove(PackageId),
    /// A package is removed although something that is installed needs it: what meets that need in the end cannot be beside it.
    GiveWay(PackageId),
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
    let opposed = opposed(universe, &unpacked, &needed);
    let replaced: HashMap<PackageId, PackageId> =
        plan.changes().map(|change| (change.from, change.to)).collect();
    let order = Ordering {
        universe,
        replaced: &replaced,
    };
    // Whatever needs something goes before it.
    let groups = order.ordered(&removed, &ALL).into_iter().rev();
    let (later, first): (Vec<_>, Vec<_>) = groups
        .flatten()
        .partition(|package| needed.contains(package) && !opposed.contains(package));
    let mut steps: Vec<Step> = first
        .into_iter()
        .map(|package| match opposed.contains(&package) {
            true => Step::GiveWay(package),
            false => Step::Remove(package),
        })
        .collect();
    // dpkg looks at each call for itself: what needs no force comes first.
    steps.sort_by_key(|step| matches!(step, Step::GiveWay(_)));
    for group in order.ordered(&unpacked, &ALL) {
        order.push_group(&group, &mut steps);
    }
    steps.extend(later.into_iter().map(Step::Remove));
    steps
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

/// Returns those of some packages that cannot be beside what is unpacked.
fn opposed(universe: &Universe, unpacked: &[PackageId], packages: &HashSet<PackageId>) -> HashSet<PackageId> {
    let mut opposed = HashSet::new();
    if packages.is_empty() {
        return opposed;
    }
    for package in unpacked {
        opposed.extend(conflicting(universe, *package).filter(|other| packages.contains(other)));
    }
    let unpacked: HashSet<PackageId> = unpacked.iter().copied().collect();
    let against =
        |package: &&PackageId| conflicting(universe, **package).any(|other| unpacked.contains(&other));
    opposed.extend(packages.iter().filter(against));
    opposed
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
    /// Appends the steps of packages that need each other: each one is unpacked when what it pre-depends on is configured,
    /// and what nothing waits for is configured at the end.
    fn push_group(&self, group: &[PackageId], steps: &mut Vec<Step>) {
        let unpacked: Vec<PackageId> = self
            .ordered(group, &[Field::PreDepends])
            .into_iter()
            .flatten()
            .collect();
        let mut waiting: Vec<PackageId> = Vec::new();
        for package in unpacked {
            let needed: Vec<PackageId> = needs(self.universe, package, &[Field::PreDepends]).collect();
            let (ready, rest): (Vec<_>, _) = waiting.into_iter().partition(|other| needed.contains(other));
            waiting = rest;
            steps.extend(ready.into_iter().map(Step::Configure));
            steps.push(Step::Unpack(package));
            waiting.push(package);
        }
        steps.extend(waiting.into_iter().map(Step::Configure));
    }

    /// Groups packages that need each other, and puts what is needed first.
    fn ordered(&self, packages: &[PackageId], fields: &[Field]) -> Vec<Vec<PackageId>> {
        let places: HashMap<PackageId, usize> = packages
            .iter()
            .enumerate()
            .map(|(place, id)| (*id, place))
            .collect();
        let mut named: HashMap<NameId, Vec<PackageId>> = HashMap::new();
        for package in packages {
            let name = self.universe.package(*package).name;
            named.entry(name).or_default().push(*package);
        }
        let edges = packages.iter().map(|package| {
            let other_half = named.get(&self.universe.package(*package).name);
            let other_half = other_half.into_iter().flatten().copied();
            needs(self.universe, *package, fields)
                .chain(self.replacements(*package))
                .chain(other_half.filter(|other| other != package))
                .filter_map(|other| places.get(&other).copied())
                .collect()
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
