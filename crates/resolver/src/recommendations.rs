//! Which recommendations count: those of packages that come, but for what the installed version of the same package recommended in
//! vain. Who has done without it so far is not asked again.

use std::collections::HashSet;

use crate::universe::{Field, GroupId, NameId, PackageId, RelationContext, Universe};

/// Returns the recommendations of a package that count where `before` is its installed version.
pub(crate) fn new_recommendations(
    universe: &Universe,
    package: PackageId,
    before: Option<PackageId>,
    installed: &HashSet<PackageId>,
) -> Vec<GroupId> {
    let groups = universe.related(package, Field::Recommends);
    let Some(before) = before else {
        return groups.to_vec();
    };
    if before == package {
        return Vec::new();
    }
    let first_name = |group: &GroupId| universe.group(*group).first().map(|alternative| alternative.name);
    let missed = universe.related(before, Field::Recommends).iter();
    let missed = missed.filter(|group| !is_met(universe, before, **group, installed));
    let missed: HashSet<Option<NameId>> = missed.map(first_name).collect();
    let new = groups.iter().filter(|group| !missed.contains(&first_name(group)));
    new.copied().collect()
}

/// Says whether a package that takes the place of `before` recommends something new that is not among what is there afterwards.
pub fn lacks_recommendations(
    universe: &Universe,
    before: PackageId,
    package: PackageId,
    installed: &HashSet<PackageId>,
    afterwards: &HashSet<PackageId>,
) -> bool {
    let new = new_recommendations(universe, package, Some(before), installed);
    new.into_iter()
        .any(|group| !is_met(universe, package, group, afterwards))
}

fn is_met(universe: &Universe, package: PackageId, group: GroupId, among: &HashSet<PackageId>) -> bool {
    let context = RelationContext::Need(universe.package(package).architecture);
    universe.is_met_among(group, context, among)
}
