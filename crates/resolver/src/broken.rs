//! Which installed packages are broken before anything is done.

use std::collections::HashSet;

use crate::check::Broken;
use crate::fact::{Fact, Want, Wanted};
use crate::request::{Installed, Request};
use crate::tell;
use crate::universe::{Field, PackageId, Seeker, Universe};

/// Returns the installed packages that lack what they need, or rule out what stands beside them, in the order in which they
/// were given; each with all that is wrong.
pub fn broken(universe: &Universe, installed: &[Installed]) -> Vec<Broken> {
    let present: HashSet<PackageId> = installed.iter().map(|installed| installed.package).collect();
    let found = installed.iter().filter_map(|installed| {
        let facts = faults(universe, installed.package, &present);
        // The first one says whom it is about.
        (facts.len() > 1).then(|| Broken {
            package: installed.package,
            reasons: tell::sentences(universe, &Request::default(), &facts),
        })
    });
    found.collect()
}

fn faults(universe: &Universe, package: PackageId, present: &HashSet<PackageId>) -> Vec<Fact> {
    let seeker = Seeker::Need(universe.package(package).architecture);
    let mut faults = vec![Fact::Wanted(Wanted {
        why: Want::Itself,
        one_of: vec![package],
    })];
    for field in [Field::PreDepends, Field::Depends] {
        let groups = universe.related(package, field).iter().copied();
        let unmet = groups.filter(|group| !universe.is_met_among(*group, seeker, present));
        faults.extend(unmet.map(|group| Fact::Needs {
            package,
            group,
            field,
        }));
    }
    for field in [Field::Conflicts, Field::Breaks] {
        for group in universe.related(package, field) {
            let opponents = universe.opponents(package, *group);
            let beside = opponents.filter(|other| present.contains(other));
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
