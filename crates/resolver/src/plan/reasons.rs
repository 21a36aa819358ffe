//! What each package of an answer is for.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Why;
use crate::request::{Request, Upgrade, WasBroken};
use crate::universe::{Field, PackageId, RelationContext, Universe};

/// Returns for each package by which shortest way something asked for it. Needs count before recommendations.
pub(super) fn whys(
    universe: &Universe,
    request: &Request,
    packages: &[PackageId],
) -> HashMap<PackageId, Why> {
    let chosen: HashSet<PackageId> = packages.iter().copied().collect();
    let mut walk = Walk {
        universe,
        chosen,
        whys: HashMap::new(),
        queue: VecDeque::new(),
        later: VecDeque::new(),
    };
    // All of them at once: what was asked for is that, also where another one needs it.
    let targets = request.install.iter();
    walk.begin(targets.flat_map(|target| target.packages(universe)).collect());
    // What is installed asks for things too, where it changes or where something it needs does.
    if request.upgrade != Upgrade::Nothing || request.broken == WasBroken::IsRepaired {
        let installed: HashSet<&str> = request
            .installed
            .iter()
            .map(|at| universe.name(at.package))
            .collect();
        let changed = packages
            .iter()
            .copied()
            .filter(|id| installed.contains(universe.name(*id)));
        walk.begin(changed.collect());
    }
    walk.begin(request.installed.iter().map(|at| at.package).collect());
    walk.whys
}

struct Walk<'u> {
    universe: &'u Universe,
    chosen: HashSet<PackageId>,
    whys: HashMap<PackageId, Why>,
    queue: VecDeque<PackageId>,
    /// Packages whose recommendations were not looked at yet.
    later: VecDeque<PackageId>,
}

impl Walk<'_> {
    fn begin(&mut self, packages: Vec<PackageId>) {
        for package in packages {
            if self.chosen.contains(&package) {
                self.meet(package, Why::Requested);
            }
        }
        self.run();
    }

    fn run(&mut self) {
        loop {
            if let Some(package) = self.queue.pop_front() {
                for field in [Field::PreDepends, Field::Depends] {
                    self.follow(package, field, Why::NeededBy(package));
                }
                self.later.push_back(package);
            } else if let Some(package) = self.later.pop_front() {
                self.follow(package, Field::Recommends, Why::RecommendedBy(package));
            } else {
                return;
            }
        }
    }

    fn follow(&mut self, package: PackageId, field: Field, why: Why) {
        let universe = self.universe;
        let context = RelationContext::Need(universe.package(package).architecture);
        for group in universe.related(package, field) {
            for candidate in universe.candidates(*group, context) {
                if self.chosen.contains(&candidate) {
                    self.meet(candidate, why);
                }
            }
        }
    }

    fn meet(&mut self, package: PackageId, why: Why) {
        if let std::collections::hash_map::Entry::Vacant(vacant) = self.whys.entry(package) {
            vacant.insert(why);
            self.queue.push_back(package);
        }
    }
}
