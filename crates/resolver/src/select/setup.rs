//! A request as clauses.

use std::collections::{HashMap, HashSet};

use super::outcome::SolveError;
use crate::encode::{Among, Present};
use crate::engine::Lit;
use crate::fact::{Exclusion, Fact, RequiredBy, Requirement};
use crate::recommendations::new_recommendations;
use crate::request::{Hold, Installed, Mark, Recommends, Request, Upgrade, WasBroken};
use crate::search::{Phase, Recommending, Solver};
use crate::universe::{ArchitectureId, GroupId, NameId, PackageId, Universe};
use crate::versions::{installed_first, is_earlier, is_offered, is_upgraded, newest_first, siblings};

/// The priority above which a source may take a package back to an earlier version.
const MAY_DOWNGRADE: i32 = 1000;

/// What a search begins with.
pub(super) struct Setup<'u> {
    pub(super) solver: Solver<'u>,
    /// What must hold.
    pub(super) assumptions: Vec<Lit>,
    /// What is installed and should stay, with what says that it does; the most important first.
    pub(super) keeps: Vec<(PackageId, Lit)>,
    /// What says that an installed package gets its newest version, in the order of importance; only for a full upgrade, which
    /// removes other packages for that.
    pub(super) upgrades: Vec<(Mark, Lit)>,
}

/// A name on an architecture: of these one version is installed at a time.
type NameOnArchitecture = (NameId, ArchitectureId);

impl<'u> Setup<'u> {
    pub(super) fn new(universe: &'u Universe, request: &Request) -> Result<Self, SolveError> {
        let mut setup = Self {
            solver: Solver::new(universe),
            assumptions: Vec::new(),
            keeps: Vec::new(),
            upgrades: Vec::new(),
        };
        let targets: Vec<Vec<PackageId>> = request
            .install
            .iter()
            .map(|target| target.packages(universe))
            .collect();
        if let Some(unknown) = targets.iter().position(Vec::is_empty) {
            return Err(SolveError::Unknown(unknown));
        }
        if let Some(undecided) = undecided(universe, request, &targets) {
            return Err(SolveError::Virtual(undecided));
        }
        let removed: HashSet<PackageId> = request
            .remove
            .iter()
            .flat_map(|target| target.packages(universe))
            .collect();
        if request.broken == WasBroken::Stays {
            setup.solver.leave_alone(present(universe, request, &targets));
        }
        let exact = request
            .install
            .iter()
            .zip(&targets)
            .filter(|(target, _)| target.is_exact());
        let exact: HashSet<PackageId> = exact.flat_map(|(_, packages)| packages.iter().copied()).collect();
        for (place, one_of) in targets.into_iter().enumerate() {
            let why = RequiredBy::Target(place);
            let is_provided = request
                .install
                .get(place)
                .is_some_and(|target| target.is_provided(universe));
            let among = if is_provided {
                Among::Providers
            } else {
                Among::Ordered
            };
            let var = setup
                .solver
                .require(Requirement { why, one_of }, among, Phase::Requested);
            setup.assumptions.push(var.yes());
        }
        setup.bar_unwanted(&removed, &request.left_out);
        for installed in in_order(universe, request) {
            setup.bar_changes(universe, installed, &exact);
            setup.keep(universe, request, installed, &removed);
            if request.upgrade == Upgrade::Full {
                setup.upgrade(universe, installed, &removed);
            }
        }
        if request.recommends == Recommends::Take {
            setup.solver.recommends = Some(Box::new(NewRecommends::new(universe, request)));
        }
        Ok(setup)
    }

    fn bar_unwanted(&mut self, removed: &HashSet<PackageId>, left_out: &[PackageId]) {
        let mut removed: Vec<PackageId> = removed.iter().copied().collect();
        removed.sort_unstable();
        for package in removed {
            self.bar(package, Exclusion::Removed);
        }
        for package in left_out {
            self.bar(*package, Exclusion::NoOrder);
        }
    }

    /// Bars versions that an installed package must not become.
    fn bar_changes(&mut self, universe: &Universe, installed: &Installed, exact: &HashSet<PackageId>) {
        for other in siblings(universe, installed.package) {
            if other == installed.package {
                continue;
            }
            if installed.hold.stays() {
                self.bar(other, Exclusion::Held(installed.package));
            } else if is_earlier(universe, other, installed.package)
                && !may_downgrade(universe, other)
                && !exact.contains(&other)
            {
                self.bar(other, Exclusion::Downgrade(installed.package));
            }
        }
    }

    fn bar(&mut self, package: PackageId, why: Exclusion) {
        let no = self.solver.var(package).no();
        self.solver.state(Fact::Excluded { package, why }, &[no]);
    }

    /// Asks for an installed package to stay, in some version.
    fn keep(
        &mut self,
        universe: &Universe,
        request: &Request,
        installed: &Installed,
        removed: &HashSet<PackageId>,
    ) {
        let package = installed.package;
        let may_go = !universe.is_protected(package) && installed.hold != Hold::Fixed;
        if removed.contains(&package) && may_go {
            return;
        }
        let one_of = match is_upgraded(universe, request, package) {
            true => newest_first(universe, package),
            false => installed_first(universe, package),
        };
        let why = RequiredBy::Installed(package);
        let requirement = Requirement { why, one_of };
        let keep = self
            .solver
            .require(requirement, Among::Ordered, Phase::Installed)
            .yes();
        if universe.is_protected(package) || installed.hold.stays() {
            self.assumptions.push(keep);
        } else {
            self.keeps.push((package, keep));
        }
    }
}

impl Setup<'_> {
    /// Asks for the newest version of an installed package. What no source has any more asks for nothing: it may be in the way.
    fn upgrade(&mut self, universe: &Universe, installed: &Installed, removed: &HashSet<PackageId>) {
        let package = installed.package;
        if removed.contains(&package) || installed.hold.stays() || !is_offered(universe, package) {
            return;
        }
        let may_be =
            |other: &PackageId| !is_earlier(universe, *other, package) || may_downgrade(universe, *other);
        let Some(newest) = newest_first(universe, package).into_iter().find(may_be) else {
            return;
        };
        let requirement = Requirement {
            why: RequiredBy::Upgrade(package),
            one_of: vec![newest],
        };
        let upgrade = self.solver.require(requirement, Among::Ordered, Phase::Installed);
        self.upgrades.push((installed.mark, upgrade.yes()));
    }

    /// Returns all that should hold, the most important first: the newest versions of a full upgrade, each before what was installed
    /// for others only, then that what is installed stays.
    pub(super) fn soft_goals(&self, request: &Request) -> Vec<Lit> {
        let marks: HashMap<PackageId, Mark> = request
            .installed
            .iter()
            .map(|one| (one.package, one.mark))
            .collect();
        let mut goals = Vec::new();
        for mark in [Mark::Manual, Mark::Automatic] {
            let upgrades = self.upgrades.iter().filter(|(of, _)| *of == mark);
            goals.extend(upgrades.map(|(_, upgrade)| *upgrade));
            let keeps = self.keeps.iter();
            let keeps = keeps.filter(|(package, _)| marks.get(package).copied().unwrap_or_default() == mark);
            goals.extend(keeps.map(|(_, keep)| *keep));
        }
        goals
    }
}

/// Says whether a package may replace a later version. Source: apt_preferences(5).
fn may_downgrade(universe: &Universe, package: PackageId) -> bool {
    universe.priority(package) > MAY_DOWNGRADE
}

/// Returns a target that is provided by packages of several names, none of them installed or asked for: whoever asks has to choose.
fn undecided(universe: &Universe, request: &Request, targets: &[Vec<PackageId>]) -> Option<usize> {
    let asked_for = request.install.iter().zip(targets);
    let asked_for = asked_for.filter(|(target, _)| !target.is_provided(universe));
    let asked_for = asked_for.flat_map(|(_, packages)| packages.iter().copied());
    let installed = request.installed.iter().map(|one| one.package);
    let chosen: HashSet<PackageId> = installed.chain(asked_for).collect();
    let mut provided = request.install.iter().zip(targets);
    provided.position(|(target, packages)| {
        let names: HashSet<NameId> = packages
            .iter()
            .map(|package| universe.package(*package).name)
            .collect();
        target.is_provided(universe)
            && names.len() > 1
            && !packages.iter().any(|package| chosen.contains(package))
    })
}

/// Returns what is installed, and what of it is asked for: by name, or as what is to be upgraded.
fn present(universe: &Universe, request: &Request, targets: &[Vec<PackageId>]) -> Present {
    let all: HashSet<PackageId> = request
        .installed
        .iter()
        .map(|installed| installed.package)
        .collect();
    let targets: HashSet<PackageId> = targets.iter().flatten().copied().collect();
    let is_named = |package: PackageId| match &request.upgrade {
        Upgrade::Names(_) => is_upgraded(universe, request, package),
        Upgrade::Nothing | Upgrade::All | Upgrade::Full => false,
    };
    let asked_for = all
        .iter()
        .copied()
        .filter(|package| targets.contains(package) || is_named(*package));
    Present {
        asked_for: asked_for.collect(),
        all,
    }
}

/// Returns what is installed: what is named for an upgrade first, for the sake of which others may change; then what was asked for before what
/// came by itself, then by name.
fn in_order<'r>(universe: &Universe, request: &'r Request) -> Vec<&'r Installed> {
    let is_other = |package: PackageId| match &request.upgrade {
        Upgrade::Names(_) => !is_upgraded(universe, request, package),
        Upgrade::Nothing | Upgrade::All | Upgrade::Full => false,
    };
    let mut installed: Vec<&Installed> = request.installed.iter().collect();
    installed.sort_by_key(|installed| {
        (
            is_other(installed.package),
            installed.mark,
            universe.name(installed.package),
            installed.package,
        )
    });
    installed.dedup_by_key(|installed| installed.package);
    installed
}

fn slot(universe: &Universe, package: PackageId) -> NameOnArchitecture {
    (universe.package(package).name, universe.machine(package))
}

/// Asks for the recommendations that are new.
struct NewRecommends<'u> {
    universe: &'u Universe,
    installed: HashMap<NameOnArchitecture, PackageId>,
    all: HashSet<PackageId>,
}

impl<'u> NewRecommends<'u> {
    fn new(universe: &'u Universe, request: &Request) -> Self {
        let installed = request.installed.iter().map(|installed| installed.package);
        Self {
            universe,
            installed: installed
                .clone()
                .map(|package| (slot(universe, package), package))
                .collect(),
            all: installed.collect(),
        }
    }

    fn before(&self, package: PackageId) -> Option<PackageId> {
        self.installed.get(&slot(self.universe, package)).copied()
    }
}

impl Recommending for NewRecommends<'_> {
    fn recommended(&self, package: PackageId) -> Vec<GroupId> {
        new_recommendations(self.universe, package, self.before(package), &self.all)
    }

    fn wants_newer(&self, candidates: &[PackageId]) -> bool {
        let is_other = |package: &PackageId| self.before(*package).is_some_and(|before| before != *package);
        candidates.iter().any(is_other) && !candidates.iter().any(|package| self.all.contains(package))
    }
}
