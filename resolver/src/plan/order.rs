//! The order of unpacking and configuring.
//!
//! What a package needs is configured before it; packages that need each other are unpacked together and configured
//! after that; and what a package pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2.

mod components;

use std::collections::HashMap;

use super::Plan;
use crate::universe::{Field, PackageId, Seeker, Universe};
use components::components;

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A package is removed.
    Remove(PackageId),
    /// A package is unpacked, over its other version where that is installed.
    Unpack(PackageId),
    /// A package is configured.
    Configure(PackageId),
}

const ALL: [Field; 2] = [Field::PreDepends, Field::Depends];

/// Returns the steps of a plan.
pub(super) fn steps(universe: &Universe, plan: &Plan) -> Vec<Step> {
    let removed: Vec<PackageId> = plan.remove.iter().map(|removal| removal.package).collect();
    let groups = ordered(universe, &removed, &ALL);
    // Whatever needs something goes before it.
    let mut steps: Vec<Step> = groups.into_iter().rev().flatten().map(Step::Remove).collect();
    let unpacked: Vec<PackageId> = plan.unpacked().collect();
    for group in ordered(universe, &unpacked, &ALL) {
        push_group(universe, &group, &mut steps);
    }
    steps
}

/// Appends the steps of packages that need each other: each one is unpacked when what it pre-depends on is configured,
/// and what nothing waits for is configured at the end.
fn push_group(universe: &Universe, group: &[PackageId], steps: &mut Vec<Step>) {
    let unpacked: Vec<PackageId> = ordered(universe, group, &[Field::PreDepends])
        .into_iter()
        .flatten()
        .collect();
    let mut waiting: Vec<PackageId> = Vec::new();
    for package in unpacked {
        let needed: Vec<PackageId> = needs(universe, package, &[Field::PreDepends]).collect();
        let (ready, rest): (Vec<_>, _) = waiting.into_iter().partition(|other| needed.contains(other));
        waiting = rest;
        steps.extend(ready.into_iter().map(Step::Configure));
        steps.push(Step::Unpack(package));
        waiting.push(package);
    }
    steps.extend(waiting.into_iter().map(Step::Configure));
}

/// Groups packages that need each other, and puts what is needed first.
fn ordered(universe: &Universe, packages: &[PackageId], fields: &[Field]) -> Vec<Vec<PackageId>> {
    let places: HashMap<PackageId, usize> = packages
        .iter()
        .enumerate()
        .map(|(place, id)| (*id, place))
        .collect();
    let edges = packages.iter().map(|package| {
        needs(universe, *package, fields)
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

/// Returns whatever could meet the needs of a package.
fn needs<'u>(
    universe: &'u Universe,
    package: PackageId,
    fields: &[Field],
) -> impl Iterator<Item = PackageId> + use<'u> {
    let seeker = Seeker::Need(universe.package(package).architecture);
    let groups: Vec<_> = fields
        .iter()
        .flat_map(|field| universe.related(package, *field))
        .copied()
        .collect();
    groups
        .into_iter()
        .flat_map(move |group| universe.candidates(group, seeker))
}
