//! Which installed packages are broken before anything is done.

use std::collections::HashSet;

use crate::check::Broken;
use crate::fact::{Fact, RequiredBy, Requirement};
use crate::message;
use crate::request::{Installed, Request};
use crate::universe::{Field, PackageId, RelationContext, Universe};

/// Returns the installed packages that lack what they need, or rule out what stands beside them, in the order in which they
/// were given; each with all that is wrong.
pub fn broken(universe: &Universe, installed: &[Installed]) -> Vec<Broken> {
    let present: HashSet<PackageId> = installed.iter().map(|installed| installed.package).collect();
    let found = installed.iter().filter_map(|installed| {
        let facts = faults(universe, installed.package, &present);
        // The first one says whom it is about.
        (facts.len() > 1).then(|| Broken {
            package: installed.package,
            reasons: message::sentences(universe, &Request::default(), &facts),
        })
    });
    found.collect()
}

fn faults(universe: &Universe, package: PackageId, present: &HashSet<PackageId>) -> Vec<Fact> {
    let context = RelationContext::Need(universe.package(package).architecture);
    let mut faults = vec![Fact::Requirement(Requirement {
        why: RequiredBy::Itself,
        one_of: vec![package],
    })];
    for field in [Field::PreDepends, Field::Depends] {
        let groups = universe.related(package, field).iter().copied();
        let unmet = groups.filter(|group| !universe.is_met_among(*group, context, present));
        faults.extend(unmet.map(|group| Fact::Needs {
            package,
            group,
            field,
        }));
    }
    for field in [Field::Conflicts, Field::Breaks] {
        for group in universe.related(package, field) {
            let conflicting = universe.conflicting(package, *group);
            let beside = conflicting.filter(|other| present.contains(other));
            faults.extend(beside.map(|other| Fact::Conflicts {
                package,
                group: *group,
                field,
                other,
            }));
        }
    }
    faults
}
