//! Which packages of a universe can be installed, each for itself, together with the Essential set.
//!
//! The Essential set is one essential version of each name that has one. What cannot be installed with it is broken:
//! where the set itself cannot be, everything is.

mod uninstallable_set;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::encode::Among;
use crate::engine::Lit;
use crate::explain;
use crate::fact::{Fact, RequiredBy, Requirement};
use crate::index_vec::{IndexVec, Notes};
use crate::message;
use crate::request::Request;
use crate::search::{Goals, Order, Outcome, Phase, Solver};
use crate::universe::{PackageId, Universe};
use uninstallable_set::UninstallableSet;

/// A package that cannot be installed, or whose search reached its limit: then that is its only reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub package: PackageId,
    /// Why: the shortest chain of who needs what, each link a sentence.
    pub reasons: Vec<String>,
}

/// Returns which packages of a universe cannot be installed together with its Essential set, in its order.
pub fn check(universe: &Universe) -> Vec<Broken> {
    check_suites(universe, &[])
}

/// Returns the same as [`check`], sooner where the packages are of several suites and it is said of which: those of one suite were made to
/// go together.
pub fn check_suites(universe: &Universe, suites: &[Vec<PackageId>]) -> Vec<Broken> {
    let all: Vec<PackageId> = universe.packages().collect();
    check_by_suites(universe, &all, suites)
}

/// Returns which of some packages cannot be installed together with the Essential set of the universe, in their order.
pub fn check_among(universe: &Universe, packages: &[PackageId]) -> Vec<Broken> {
    check_by_suites(universe, packages, &[])
}

/// What is learnt of one package serves for the others: most are shown to be installable many at a time, and what needs
/// an uninstallable package is reported without a separate search.
fn check_by_suites(universe: &Universe, packages: &[PackageId], suites: &[Vec<PackageId>]) -> Vec<Broken> {
    let mut checker = Checker::new(universe);
    match checker.essential_fault() {
        Some(reasons) => packages
            .iter()
            .map(|package| Broken {
                package: *package,
                reasons: reasons.clone(),
            })
            .collect(),
        None => checker.run(packages, suites),
    }
}

/// What is known of a package so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Open,
    Installable,
}

struct Checker<'u> {
    universe: &'u Universe,
    solver: Solver<'u>,
    verdicts: IndexVec<PackageId, Verdict>,
    assumptions: Vec<Lit>,
    /// What is taken before other packages: those of the suite that is checked.
    preferred: Option<Rc<Notes<PackageId, bool>>>,
    /// How many contradictions were met in the searches for one package each.
    alone: u64,
    /// How many contradictions the rounds over many packages may still meet.
    left_for_rounds: u64,
}

/// Returns a solver that knows nothing yet, and what asks it for the Essential set.
fn beginning(universe: &Universe) -> (Solver<'_>, Vec<Lit>) {
    let mut solver = Solver::new(universe);
    let requirement = |one_of| Requirement {
        why: RequiredBy::Essential,
        one_of,
    };
    let essentials = universe.essentials().into_iter().map(requirement);
    let assumptions = essentials
        .map(|requirement| solver.require(requirement, Among::Ordered, Phase::Needed).yes())
        .collect();
    (solver, assumptions)
}

/// How many contradictions the search for one package may meet, and those for all.
const MOST_CONTRADICTIONS: u64 = 10_000;
const MOST_OF_ALL: u64 = 300_000;

/// How many contradictions a round over few packages may meet.
const LEAST_FOR_A_ROUND: u64 = 30_000;

/// How many contradictions the rounds over many packages may meet for each of them: one round, and all rounds together.
const CONTRADICTIONS_A_WISH: u64 = 10;
const CONTRADICTIONS_A_PACKAGE: u64 = 30;

/// The reason given for a package whose search reached its limit.
const GIVEN_UP: &str = "not known whether it can be installed: the search reached its limit of conflicts";

/// Why a package is not shown to be installable.
enum Fault {
    /// These facts contradict each other.
    Facts(Vec<Fact>),
    /// The search was given up.
    GivenUp,
}

/// While the rounds in which each version has its turn settle at least so many packages, others follow: one costs about as much as that
/// many searches for one package each.
const WORTH_A_ROUND: usize = 20;

/// How many packages are few enough not to be told apart further, when a round over them is given up.
const FEW: usize = 400;

impl<'u> Checker<'u> {
    fn new(universe: &'u Universe) -> Self {
        let (solver, assumptions) = beginning(universe);
        Self {
            universe,
            solver,
            verdicts: IndexVec::filled(universe.len(), Verdict::Open),
            assumptions,
            preferred: None,
            alone: 0,
            left_for_rounds: 0,
        }
    }

    /// Says why the Essential set cannot be installed, where it cannot.
    fn essential_fault(&mut self) -> Option<Vec<String>> {
        match self.solve(&[]) {
            Outcome::Found => None,
            Outcome::Unsat(facts) => {
                let facts = explain::shortest(self.universe, facts);
                Some(message::sentences(self.universe, &Request::default(), &facts))
            }
            Outcome::GivenUp => Some(vec![GIVEN_UP.to_owned()]),
        }
    }

    fn run(mut self, packages: &[PackageId], suites: &[Vec<PackageId>]) -> Vec<Broken> {
        let mut uninstallable = UninstallableSet::new(self.universe);
        let mut unknown = HashSet::new();
        for suite in suites {
            let mut preferred = Notes::new();
            for package in suite {
                preferred.set(*package, true);
            }
            let of_suite = packages.iter().copied();
            let of_suite = of_suite.filter(|package| preferred.get(*package));
            let of_suite: Vec<PackageId> = of_suite.collect();
            self.preferred = Some(Rc::new(preferred));
            self.check_suite(&of_suite, &mut uninstallable, &mut unknown);
        }
        // What is of no suite.
        self.preferred = None;
        self.check_suite(packages, &mut uninstallable, &mut unknown);
        let told = packages.iter().copied().filter_map(|package| {
            let reasons = if uninstallable.holds(package) {
                uninstallable.reasons(package)
            } else if unknown.contains(&package) && self.verdicts[package] == Verdict::Open {
                vec![GIVEN_UP.to_owned()]
            } else {
                return None;
            };
            Some(Broken { package, reasons })
        });
        told.collect()
    }

    /// Shows of some packages whether they can be installed, and notes those that cannot or of which that is not known.
    fn check_suite(
        &mut self,
        packages: &[PackageId],
        uninstallable: &mut UninstallableSet<'_>,
        unknown: &mut HashSet<PackageId>,
    ) {
        self.rounds(uninstallable, packages);
        // What was learnt of many packages at once says little about one, and would be gone through in each search.
        self.begin();
        for package in packages.iter().copied() {
            if self.verdicts[package] == Verdict::Open
                && !uninstallable.holds(package)
                && !unknown.contains(&package)
            {
                match self.fault(package) {
                    Some(Fault::Facts(facts)) => uninstallable.add(package, facts),
                    // What needs it may still be installable in another way, or is not known itself.
                    Some(Fault::GivenUp) => {
                        unknown.insert(package);
                    }
                    None => {}
                }
            }
        }
    }

    /// Forgets what was learnt.
    fn begin(&mut self) {
        (self.solver, self.assumptions) = beginning(self.universe);
        self.solver.prefer(self.preferred.clone());
    }

    /// Installs as many packages as go together, and whatever was left over in another round.
    fn rounds(&mut self, uninstallable: &UninstallableSet<'_>, packages: &[PackageId]) {
        let mut open: Vec<PackageId> = packages
            .iter()
            .copied()
            .filter(|package| self.verdicts[*package] == Verdict::Open && !uninstallable.holds(*package))
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

    /// Says why a package cannot be installed, where it is not shown that it can.
    fn fault(&mut self, package: PackageId) -> Option<Fault> {
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
        match outcome {
            Outcome::Found => None,
            Outcome::Unsat(facts) => Some(Fault::Facts(explain::shortest(self.universe, facts))),
            Outcome::GivenUp => Some(Fault::GivenUp),
        }
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
                self.verdicts[package] = Verdict::Installable;
            }
        }
        outcome
    }
}
