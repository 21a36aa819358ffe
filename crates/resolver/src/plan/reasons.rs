//! What each package of an answer is for.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Why;
use crate::request::{Request, Upgrade, WasBroken};
use crate::universe::{Field, PackageId, RelationContext, Universe};

/// Returns for each package by which shortest way something asked for it. Needs count before recommendations. Of several packages that
/// meet a need, the first one was taken for it; another one only where nothing else says what it is for.
pub(super) fn whys(
    universe: &Universe,
    request: &Request,
    packages: &[PackageId],
) -> HashMap<PackageId, Why> {
    let chosen: HashSet<PackageId> = packages.iter().copied().collect();
    let mut walk = Walk {
        universe,
        chosen,
        installed: request.installed.iter().map(|at| at.package).collect(),
        credit: Credit::First,
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
    if walk.whys.len() < walk.chosen.len() {
        walk.credit = Credit::Each;
        let known = packages.iter().filter(|package| walk.whys.contains_key(package));
        walk.queue = known.copied().collect();
        walk.run();
    }
    walk.whys
}

/// Says which of the packages of an answer rules out the version that was there before, where one does.
pub(super) fn displaced(
    universe: &Universe,
    packages: &[PackageId],
    from: PackageId,
    to: PackageId,
) -> Option<Why> {
    let before = HashSet::from([from]);
    let rules_out = |package: &PackageId| {
        let fields = [Field::Breaks, Field::Conflicts].into_iter();
        let mut groups = fields.flat_map(|field| universe.related(*package, field));
        groups.any(|group| universe.is_met_among(*group, RelationContext::Conflict, &before))
    };
    let mut others = packages.iter().copied().filter(|package| *package != to);
    others.find(rules_out).map(Why::Displaced)
}

/// Which of the packages that meet a need came for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credit {
    /// The first, unless one is there already.
    First,
    /// All of them.
    Each,
}

struct Walk<'u> {
    universe: &'u Universe,
    chosen: HashSet<PackageId>,
    installed: HashSet<PackageId>,
    credit: Credit,
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
            let candidates = universe.candidates(*group, context).into_iter();
            let met: Vec<PackageId> = candidates.filter(|id| self.chosen.contains(id)).collect();
            let here = met.iter().find(|id| self.installed.contains(id));
            let credited = match (self.credit, here.or(met.first())) {
                (Credit::First, first) => first.copied().into_iter().collect(),
                (Credit::Each, _) => met,
            };
            for candidate in credited {
                self.meet(candidate, why);
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

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;
    use crate::request::{Hold, Installed, Mark, Target};
    use crate::solve::solve;
    use crate::universe::{Source, UniverseBuilder};

    #[test]
    fn an_upgrade_of_what_a_new_package_breaks_is_for_that_one() {
        let text = "Package: app\nVersion: 1\nArchitecture: all\nDepends: new\n\n\
            Package: new\nVersion: 2\nArchitecture: all\nBreaks: old (<< 2)\n\n\
            Package: old\nVersion: 2\nArchitecture: all\n\nPackage: old\nVersion: 1\nArchitecture: all\n";
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
        for stanza in StanzaReader::new(text) {
            builder.add(&stanza.unwrap(), Source::default()).unwrap();
        }
        let universe = builder.finish();
        let [_, old] = universe.versions_of("old") else {
            panic!("there are two");
        };
        let request = Request {
            install: vec![Target::named("app")],
            installed: vec![Installed {
                package: *old,
                mark: Mark::Manual,
                hold: Hold::Free,
            }],
            ..Request::default()
        };
        let plan = solve(&universe, &request).unwrap();
        let [change] = plan.upgrade.as_slice() else {
            panic!("{plan:?}");
        };
        assert_eq!(change.why, Why::Displaced(universe.versions_of("new")[0]));
    }
}
