//! Which packages of a universe can be installed, each for itself, together with the Essential set.
//!
//! The Essential set is one essential version of each name that has one. What cannot be installed with it is broken:
//! where the set itself cannot be, everything is.

mod doom;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::encode::Among;
use crate::engine::Lit;
use crate::explain;
use crate::fact::{Fact, Want, Wanted};
use crate::request::Request;
use crate::search::{Goals, Order, Outcome, Phase, Solver};
use crate::table::Table;
use crate::tell;
use crate::universe::{PackageId, Universe};
use doom::Doom;

/// A package that cannot be installed; or of which nobody knows, since the search was given up: that is its only reason then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub package: PackageId,
    /// Why: the shortest chain of who needs what, each link a sentence.
    pub reasons: Vec<String>,
}

/// Returns which packages of a universe cannot be installed together with its Essential set, in its order.
pub fn check(universe: &Universe) -> Vec<Broken> {
    let all: Vec<PackageId> = universe.packages().collect();
    check_among(universe, &all)
}

/// Returns which of some packages cannot be installed together with the Essential set of the universe, in their order.
///
/// What is learnt of one package serves for the others: most are shown to be installable many at a time, and what needs
/// a broken package is broken without a look of its own.
pub fn check_among(universe: &Universe, packages: &[PackageId]) -> Vec<Broken> {
    let mut checker = Checker::new(universe);
    match checker.essential_fault() {
        Some(reasons) => packages
            .iter()
            .map(|package| Broken {
                package: *package,
                reasons: reasons.clone(),
            })
            .collect(),
        None => checker.run(packages),
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
    verdicts: Table<PackageId, Verdict>,
    musts: Vec<Lit>,
    /// How many contradictions were met in the searches for one package each.
    alone: u64,
    /// How many contradictions the rounds over many packages may still meet.
    left_for_rounds: u64,
}

/// How many contradictions the search for one package may meet, and those for all.
const MOST_CONTRADICTIONS: u64 = 2_000;
const MOST_OF_ALL: u64 = 50_000;

/// How many contradictions the rounds over many packages may meet for each of them, all rounds together.
const CONTRADICTIONS_A_WISH: u64 = 10;

/// What is said of a package of which nobody knows.
const GIVEN_UP: &str =
    "whether it can be installed is not known: the search met too many contradictions and was given up";

/// Why a package is not shown to be installable.
enum Fault {
    /// These facts contradict each other.
    Facts(Vec<Fact>),
    /// The search was given up.
    GivenUp,
}

/// While a round settles at least one in so many of the open packages, another one follows.
const WORTH_A_ROUND: usize = 20;

impl<'u> Checker<'u> {
    fn new(universe: &'u Universe) -> Self {
        let mut solver = Solver::new(universe);
        let wanted = |one_of| Wanted {
            why: Want::Essential,
            one_of,
        };
        let essentials = universe.essentials().into_iter().map(wanted);
        let musts = essentials
            .map(|wanted| solver.want(wanted, Among::Ordered, Phase::Needed).yes())
            .collect();
        Self {
            universe,
            solver,
            verdicts: Table::filled(universe.len(), Verdict::Open),
            musts,
            alone: 0,
            left_for_rounds: 0,
        }
    }

    /// Says why the Essential set cannot be installed, where it cannot.
    fn essential_fault(&mut self) -> Option<Vec<String>> {
        match self.solve(&[]) {
            Outcome::Found => None,
            Outcome::Never(facts) => {
                let facts = explain::shortest(self.universe, facts);
                Some(tell::sentences(self.universe, &Request::default(), &facts))
            }
            Outcome::GivenUp => Some(vec![GIVEN_UP.to_owned()]),
        }
    }

    fn run(mut self, packages: &[PackageId]) -> Vec<Broken> {
        let mut doom = Doom::new(self.universe);
        self.rounds(&doom, packages);
        let mut unknown = HashSet::new();
        for package in packages.iter().copied() {
            if self.verdicts[package] == Verdict::Open && !doom.holds(package) {
                match self.fault(package) {
                    Some(Fault::Facts(facts)) => doom.add(package, facts),
                    // What needs it may still be installable in another way, or is not known itself.
                    Some(Fault::GivenUp) => {
                        unknown.insert(package);
                    }
                    None => {}
                }
            }
        }
        let told = packages.iter().copied().filter_map(|package| {
            let reasons = if doom.holds(package) {
                doom.reasons(package)
            } else if unknown.contains(&package) && self.verdicts[package] == Verdict::Open {
                vec![GIVEN_UP.to_owned()]
            } else {
                return None;
            };
            Some(Broken { package, reasons })
        });
        told.collect()
    }

    /// Installs as many packages as go together, and whatever was left over in another round.
    fn rounds(&mut self, doom: &Doom<'_>, packages: &[PackageId]) {
        let mut open: Vec<PackageId> = packages
            .iter()
            .copied()
            .filter(|package| !doom.holds(*package))
            .collect();
        let many = u64::try_from(open.len()).unwrap_or(u64::MAX);
        self.left_for_rounds = many
            .saturating_mul(CONTRADICTIONS_A_WISH)
            .max(MOST_CONTRADICTIONS);
        loop {
            // One version of each name at a time: two of them never go together, and what needs the one rules the other out again and again.
            let mut names = HashSet::new();
            let slot = |package: &PackageId| {
                (
                    self.universe.package(*package).name,
                    self.universe.machine(*package),
                )
            };
            let one_each = open.iter().copied().filter(|package| names.insert(slot(package)));
            let one_each: Vec<PackageId> = one_each.collect();
            let wishes: Vec<Lit> = one_each
                .iter()
                .map(|package| self.solver.var(*package).yes())
                .collect();
            let Outcome::Found = self.solve(&wishes) else {
                return;
            };
            open.retain(|package| self.verdicts[*package] == Verdict::Open);
            let settled = one_each
                .iter()
                .filter(|package| self.verdicts[**package] != Verdict::Open);
            if settled.count() * WORTH_A_ROUND <= one_each.len() {
                return;
            }
        }
    }

    /// Says why a package cannot be installed, where it is not shown that it can.
    fn fault(&mut self, package: PackageId) -> Option<Fault> {
        let wanted = Wanted {
            why: Want::Itself,
            one_of: vec![package],
        };
        let itself = self.solver.want(wanted, Among::Ordered, Phase::Needed).yes();
        self.musts.push(itself);
        let outcome = self.solve(&[]);
        self.musts.pop();
        match outcome {
            Outcome::Found => None,
            Outcome::Never(facts) => Some(Fault::Facts(explain::shortest(self.universe, facts))),
            Outcome::GivenUp => Some(Fault::GivenUp),
        }
    }

    fn solve(&mut self, wishes: &[Lit]) -> Outcome {
        let left = MOST_OF_ALL.saturating_sub(self.alone);
        // A wish is found to contradict those before it when it is tried, and what it needs likewise: over several suites that happens more
        // often than there are packages, and costs little each time.
        let wished = u64::try_from(wishes.len()).unwrap_or(u64::MAX);
        let of_wishes = wished
            .saturating_mul(CONTRADICTIONS_A_WISH)
            .max(MOST_CONTRADICTIONS);
        let before = self.solver.engine.contradictions();
        self.solver.allow(match wishes {
            [] => left.min(MOST_CONTRADICTIONS),
            _ => of_wishes.min(self.left_for_rounds),
        });
        let outcome = self.solver.solve(Goals {
            musts: &self.musts,
            wishes,
            order: Order::ChoicesFirst,
        });
        let met = self.solver.engine.contradictions() - before;
        if wishes.is_empty() {
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
