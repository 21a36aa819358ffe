//! Which packages of a universe can be installed, each for itself, together with the Essential set.

mod doomed;

use crate::engine::Lit;
use crate::fact::{Fact, Want, Wanted};
use crate::search::{Goals, Order, Outcome, Phase, Solver};
use crate::table::Table;
use crate::universe::{NameId, PackageId, Universe};

/// A package that cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub package: PackageId,
    /// Why: each a sentence.
    pub reasons: Vec<String>,
}

/// Returns the packages that cannot be installed together with the Essential set, in the order of the universe.
pub fn check(universe: &Universe) -> Vec<Broken> {
    let mut checker = Checker::new(universe);
    checker.run();
    checker.broken
}

/// What is known of a package so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Open,
    Installable,
    Broken,
}

struct Checker<'u> {
    universe: &'u Universe,
    solver: Solver<'u>,
    verdicts: Table<PackageId, Verdict>,
    musts: Vec<Lit>,
    broken: Vec<Broken>,
}

impl<'u> Checker<'u> {
    fn new(universe: &'u Universe) -> Self {
        let mut solver = Solver::new(universe);
        let musts = universe
            .essentials()
            .into_iter()
            .map(|one_of| {
                let wanted = Wanted {
                    why: Want::Essential,
                    one_of,
                };
                solver.want(wanted, Phase::Needed).yes()
            })
            .collect();
        Self {
            universe,
            solver,
            verdicts: Table::filled(universe.len(), Verdict::Open),
            musts,
            broken: Vec::new(),
        }
    }

    fn run(&mut self) {
        self.rounds();
        for package in self.universe.packages() {
            if self.verdicts[package] == Verdict::Open {
                self.decide(package);
            }
        }
    }

    fn rounds(&mut self) {
        loop {
            let open: Vec<PackageId> = self.universe.packages().filter(|p| self.verdicts[*p] == Verdict::Open).collect();
            let wishes: Vec<Lit> = open.iter().map(|p| self.solver.var(*p).yes()).collect();
            let goals = Goals { musts: &self.musts, wishes: &wishes, order: Order::ChoicesFirst };
            if let Outcome::Never(_) = self.solver.solve(goals) { return; }
            let n = self.mark();
            eprintln!("round: {} open, {} marked, vars {}", open.len(), n, self.solver.engine.variables());
            if n * 20 < open.len() || n == 0 { return; }
        }
    }

    fn mark(&mut self) -> usize {
        let mut n = 0;
        for p in self.solver.installed() {
            if self.verdicts[p] == Verdict::Open { self.verdicts[p] = Verdict::Installable; n += 1; }
        }
        n
    }

    fn decide(&mut self, package: PackageId) {
        let mut musts = self.musts.clone();
        musts.push(self.solver.var(package).yes());
        let goals = Goals { musts: &musts, wishes: &[], order: Order::ChoicesFirst };
        match self.solver.solve(goals) {
            Outcome::Found => { self.mark(); }
            Outcome::Never(facts) => {
                self.verdicts[package] = Verdict::Broken;
                self.broken.push(Broken { package, reasons: facts.iter().map(|f| format!("{f:?}")).collect() });
            }
        }
    }
}
