//! A search for which packages can be installed, all of them or those of a suite.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::Verdict;
use super::uninstallable_set::UninstallableSet;
use crate::encode::Among;
use crate::engine::Lit;
use crate::explain;
use crate::fact::{Fact, RequiredBy, Requirement};
use crate::index_vec::{IndexVec, Notes};
use crate::search::{Goals, Order, Outcome, Phase, Solver};
use crate::universe::{PackageId, Universe};

/// How the packages of a universe are seen.
#[derive(Clone, Copy)]
pub(super) enum View<'u> {
    /// As they are.
    Everything,
    /// These before others that would do.
    First(&'u Notes<PackageId, bool>),
    /// These, as if there were no others.
    Only(&'u Notes<PackageId, bool>),
}

pub(super) struct Checker<'u> {
    universe: &'u Universe,
    view: View<'u>,
    solver: Solver<'u>,
    /// The essential packages of each name that has one, in this view.
    essentials: Vec<Vec<PackageId>>,
    /// What asks for the Essential set.
    assumptions: Vec<Lit>,
    verdicts: IndexVec<PackageId, Verdict>,
    uninstallable: UninstallableSet<'u>,
    findings: Findings,
    /// How many contradictions were met in the searches for one package each.
    alone: u64,
    /// How many contradictions the rounds over many packages may still meet.
    left_for_rounds: u64,
}

/// What a search found out.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) installable: Vec<PackageId>,
    pub(super) uninstallable: Vec<(PackageId, Vec<Fact>)>,
    /// Their searches were given up.
    pub(super) unknown: Vec<PackageId>,
}

/// How many contradictions the search for one package may meet, and those for all.
const MOST_CONTRADICTIONS: u64 = 10_000;
const MOST_OF_ALL: u64 = 300_000;

/// How many contradictions a round over few packages may meet.
const LEAST_FOR_A_ROUND: u64 = 30_000;

/// How many contradictions the rounds over many packages may meet for each of them: one round, and all rounds together.
const CONTRADICTIONS_A_WISH: u64 = 10;
const CONTRADICTIONS_A_PACKAGE: u64 = 30;

/// While the rounds in which each version has its turn settle at least so many packages, others follow: one costs about as much as that
/// many searches for one package each.
const WORTH_A_ROUND: usize = 20;

/// How many packages are few enough not to be told apart further, when a round over them is given up.
const FEW: usize = 400;

impl<'u> Checker<'u> {
    pub(super) fn new(universe: &'u Universe, view: View<'u>, uninstallable: &UninstallableSet<'u>) -> Self {
        let mut essentials = universe.essentials();
        if let View::Only(packages) = view {
            for versions in &mut essentials {
                versions.retain(|package| packages.get(*package));
            }
        }
        let (solver, assumptions) = beginning(universe, view, &essentials);
        Self {
            universe,
            view,
            solver,
            essentials,
            assumptions,
            verdicts: IndexVec::filled(universe.len(), Verdict::Open),
            uninstallable: uninstallable.clone(),
            findings: Findings::default(),
            alone: 0,
            left_for_rounds: 0,
        }
    }

    /// Looks for a way to install the Essential set.
    pub(super) fn solve_essentials(&mut self) -> Outcome {
        self.solve(&[])
    }

    /// Finds out of some packages whether they can be installed.
    ///
    /// What is learnt of one serves for the others: most are shown to be installable many at a time, and what needs an uninstallable one
    /// gets no search of its own.
    pub(super) fn check(mut self, packages: &[PackageId]) -> Findings {
        self.rounds(packages);
        // What was learnt of many packages at once says little about one, and would be gone through in each search.
        self.begin();
        for package in packages.iter().copied() {
            if !self.is_open(package) {
                continue;
            }
            match self.search_alone(package) {
                Outcome::Found => {}
                Outcome::Unsat(facts) => self.note_uninstallable(package, facts),
                // What needs it may still be installable in another way, or is not known itself.
                Outcome::GivenUp => {
                    self.findings.unknown.push(package);
                    self.begin();
                }
            }
        }
        self.findings
    }

    fn is_open(&self, package: PackageId) -> bool {
        self.verdicts[package] == Verdict::Open && !self.uninstallable.holds(package)
    }

    fn note_uninstallable(&mut self, package: PackageId, facts: Vec<Fact>) {
        // Where there are others, it may be installable with them.
        if let View::Only(_) = self.view {
            return;
        }
        let facts = explain::shortest(self.universe, facts);
        self.uninstallable.add(package, facts.clone());
        self.findings.uninstallable.push((package, facts));
    }

    /// Forgets what was learnt.
    fn begin(&mut self) {
        (self.solver, self.assumptions) = beginning(self.universe, self.view, &self.essentials);
    }

    /// Installs as many packages as go together, and whatever was left over in another round.
    fn rounds(&mut self, packages: &[PackageId]) {
        let mut open: Vec<PackageId> = packages
            .iter()
            .copied()
            .filter(|package| self.is_open(*package))
            .collect();
        if open.is_empty() {
            return;
        }
        self.begin();
        let many = u64::try_from(open.len()).unwrap_or(u64::MAX);
        self.left_for_rounds = many
            .saturating_mul(CONTRADICTIONS_A_PACKAGE)
            .max(LEAST_FOR_A_ROUND);
        let mut tried: HashSet<PackageId> = HashSet::new();
        let mut settled = 0;
        let mut most = usize::MAX;
        loop {
            let untried = open.iter().copied().filter(|package| !tried.contains(package));
            let mut one_each = self.newest(&untried.collect::<Vec<_>>());
            one_each.truncate(most);
            if one_each.is_empty() {
                if settled < WORTH_A_ROUND {
                    return;
                }
                tried.clear();
                settled = 0;
                continue;
            }
            let soft_goals: Vec<Lit> = one_each
                .iter()
                .map(|package| self.solver.var(*package).yes())
                .collect();
            let Outcome::Found = self.solve(&soft_goals) else {
                if self.left_for_rounds == 0 {
                    return;
                }
                // Fewer at a time stand less in each other's way; where few do, too, the others have their turn first.
                if one_each.len() > FEW {
                    most = one_each.len() / 4;
                } else {
                    tried.extend(one_each);
                }
                self.begin();
                continue;
            };
            most = most.saturating_mul(2);
            let before = open.len();
            open.retain(|package| self.verdicts[*package] == Verdict::Open);
            settled += before - open.len();
            // What did not go with the others gives way to other versions of itself, until all had their turn.
            tried.extend(one_each);
        }
    }

    /// Returns one version of each name and architecture: two of them never go together, and what needs the one rules the other out again
    /// and again. The newest ones are of one suite, on all architectures, and were made to go together.
    fn newest(&self, packages: &[PackageId]) -> Vec<PackageId> {
        let slot = |package: PackageId| {
            (
                self.universe.package(package).name,
                self.universe.machine(package),
            )
        };
        let rank = |package: PackageId| self.universe.rank(self.universe.package(package).version);
        let mut newest: HashMap<_, PackageId> = HashMap::new();
        for package in packages.iter().copied() {
            let known = newest.entry(slot(package)).or_insert(package);
            if rank(package) > rank(*known) {
                *known = package;
            }
        }
        let is_newest = |package: &PackageId| newest.get(&slot(*package)) == Some(package);
        packages.iter().copied().filter(is_newest).collect()
    }

    /// Looks for a way to install a package, whatever becomes of others.
    fn search_alone(&mut self, package: PackageId) -> Outcome {
        let requirement = Requirement {
            why: RequiredBy::Itself,
            one_of: vec![package],
        };
        let itself = self
            .solver
            .require(requirement, Among::Ordered, Phase::Needed)
            .yes();
        self.assumptions.push(itself);
        let outcome = self.solve(&[]);
        self.assumptions.pop();
        outcome
    }

    fn solve(&mut self, soft_goals: &[Lit]) -> Outcome {
        let left = MOST_OF_ALL.saturating_sub(self.alone);
        // A goal is found to contradict those before it when it is tried, and what it needs likewise: over several suites that happens more
        // often than there are packages, and costs little each time.
        let wished = u64::try_from(soft_goals.len()).unwrap_or(u64::MAX);
        let of_wishes = wished
            .saturating_mul(CONTRADICTIONS_A_WISH)
            .max(LEAST_FOR_A_ROUND);
        let before = self.solver.engine.contradictions();
        self.solver.allow(match soft_goals {
            [] => left.min(MOST_CONTRADICTIONS),
            _ => of_wishes.min(self.left_for_rounds),
        });
        let outcome = self.solver.solve(Goals {
            assumptions: &self.assumptions,
            soft_goals,
            order: Order::ChoicesFirst,
        });
        let met = self.solver.engine.contradictions() - before;
        if soft_goals.is_empty() {
            self.alone += met;
        } else {
            self.left_for_rounds = self.left_for_rounds.saturating_sub(met);
        }
        if let Outcome::Found = outcome {
            for package in self.solver.installed() {
                if self.verdicts[package] == Verdict::Open {
                    self.verdicts[package] = Verdict::Installable;
                    self.findings.installable.push(package);
                }
            }
        }
        outcome
    }
}

/// Returns a solver that knows nothing yet, and what asks it for the Essential set.
fn beginning<'u>(
    universe: &'u Universe,
    view: View<'u>,
    essentials: &[Vec<PackageId>],
) -> (Solver<'u>, Vec<Lit>) {
    let mut solver = Solver::new(universe);
    match view {
        View::Everything => {}
        View::First(packages) => solver.prefer(packages),
        View::Only(packages) => solver.stay_within(packages),
    }
    let requirement = |one_of: &Vec<PackageId>| Requirement {
        why: RequiredBy::Essential,
        one_of: one_of.clone(),
    };
    let assumptions = essentials
        .iter()
        .map(requirement)
        .map(|requirement| solver.require(requirement, Among::Ordered, Phase::Needed).yes())
        .collect();
    (solver, assumptions)
}
