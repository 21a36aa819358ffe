//! Which installed packages nothing needs any more.

use std::collections::HashSet;

use crate::request::{Installed, Mark};
use crate::universe::{Field, PackageId, RelationContext, Universe};

/// Returns the packages that came by themselves and that nothing needs or recommends any more, in the order in which
/// they were given.
///
/// What was asked for stays, and so does what is held, essential or protected, and whatever of what is installed meets
/// a need or recommendation of something that stays: of several that do, all, as `apt autoremove` has it.
pub fn autoremovable(universe: &Universe, installed: &[Installed]) -> Vec<PackageId> {
    let present: HashSet<PackageId> = installed.iter().map(|installed| installed.package).collect();
    let stays = |installed: &&Installed| {
        installed.mark == Mark::Manual || installed.hold.stays() || universe.is_protected(installed.package)
    };
    let mut queue: Vec<PackageId> = installed
        .iter()
        .filter(stays)
        .map(|installed| installed.package)
        .collect();
    let mut needed: HashSet<PackageId> = queue.iter().copied().collect();
    while let Some(package) = queue.pop() {
        let context = RelationContext::Need(universe.package(package).architecture);
        for field in [Field::PreDepends, Field::Depends, Field::Recommends] {
            for group in universe.related(package, field) {
                for alternative in universe.group(*group) {
                    let met = universe
                        .matching(alternative, context)
                        .filter(|other| present.contains(other));
                    queue.extend(met.filter(|other| needed.insert(*other)));
                }
            }
        }
    }
    let packages = installed.iter().map(|installed| installed.package);
    packages.filter(|package| !needed.contains(package)).collect()
}
