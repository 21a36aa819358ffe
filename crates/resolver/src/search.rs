//! Looking for what satisfies the clauses, by a stated order of preference.
//!
//! A choice is made only where something asks for it, so that nothing is installed without a reason, and the preferred
//! candidate is tried first. It is given up only where the engine has shown that it cannot be had together with what
//! was chosen before.

mod pending;
mod weigh;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::encode::{Among, ChoiceId, Encoder, Present, Subject};
use crate::engine::{Engine, Learnt, Lit, Origin, Var};
use crate::fact::{Fact, Requirement};
use crate::index_vec::{IndexVec, Notes};
use crate::universe::{PackageId, Universe};
use pending::{Before, PendingChoice, Queued, Soft, SoftId, What};

pub(crate) use pending::{Phase, Recommending};

/// What is to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goals<'a> {
    /// What must hold.
    pub(crate) assumptions: &'a [Lit],
    /// What should hold: each one if it can hold together with those before it.
    pub(crate) soft_goals: &'a [Lit],
    /// When soft goals have their turn.
    pub(crate) order: Order,
}

/// When soft goals have their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// All of them before any choice between packages is made.
    SoftGoalsFirst,
    /// One after the other, each with all choices that it asks for.
    ChoicesFirst,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything that must hold does: [`Solver::installed`] says with what.
    Found,
    /// It cannot, and these facts are why.
    Unsat(Vec<Fact>),
    /// Nobody knows: more contradictions were met than are allowed.
    GivenUp,
}

/// Looks for what satisfies the clauses of a universe. What it learns stays, from one search to the next.
pub(crate) struct Solver<'u> {
    pub(crate) engine: Engine,
    pub(crate) encoder: Encoder<'u>,
    /// Choices to be made, the next one first.
    pending: BinaryHeap<Reverse<PendingChoice>>,
    /// Choices that were made, and at which level.
    settled: Vec<(usize, PendingChoice)>,
    /// What is in one of the two. A variable that holds again after a step back asks again for what is there already; counted
    /// twice, each choice would be made once more after each contradiction.
    queued: Queued,
    /// How many soft goals were dealt with before each decision, and now.
    turns: Vec<usize>,
    turn: usize,
    phases: Notes<ChoiceId, Option<Phase>>,
    softs: IndexVec<SoftId, Soft>,
    /// The recommendations of packages that were chosen.
    softs_of: HashMap<PackageId, Vec<SoftId>>,
    /// The packages whose recommendations count, where any do.
    pub(crate) recommends: Option<Box<dyn Recommending + 'u>>,
    /// How many contradictions may have been met.
    most: u64,
    /// The lightest of the packages of a choice, once they were weighed.
    lightest: HashMap<What, Var>,
    /// How many packages may still be looked at to weigh others.
    patience: usize,
    /// Packages that are taken before others that would do.
    preferred: Option<&'u Notes<PackageId, bool>>,
    /// How many choices were looked at.
    #[cfg(test)]
    pub(crate) steps: u64,
}

impl<'u> Solver<'u> {
    pub(crate) fn new(universe: &'u Universe) -> Self {
        Self {
            engine: Engine::new(),
            encoder: Encoder::new(universe),
            pending: BinaryHeap::new(),
            settled: Vec::new(),
            queued: Queued::new(),
            turns: Vec::new(),
            turn: 0,
            phases: Notes::new(),
            softs: IndexVec::new(),
            softs_of: HashMap::new(),
            recommends: None,
            most: 0,
            lightest: HashMap::new(),
            patience: 0,
            preferred: None,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Prefers what brings the least among equals, looking at so many packages at most to find that out.
    pub(crate) fn weigh(&mut self, patience: usize) {
        self.patience = patience;
    }

    /// Takes some packages before others that would do.
    pub(crate) fn prefer(&mut self, packages: &'u Notes<PackageId, bool>) {
        self.preferred = Some(packages);
    }

    /// Lets all packages but these be as if they did not exist. To be said before any search.
    pub(crate) fn stay_within(&mut self, packages: &'u Notes<PackageId, bool>) {
        self.encoder.stay_within(packages);
    }

    /// Leaves what is installed as broken as it is. To be said before any search.
    pub(crate) fn leave_alone(&mut self, present: Present) {
        self.encoder.leave_alone(present);
    }

    /// Lets the searches from here on meet so many contradictions, all together.
    pub(crate) fn allow(&mut self, contradictions: u64) {
        self.most = self.engine.contradictions().saturating_add(contradictions);
    }

    /// Returns the variable of a package.
    pub(crate) fn var(&mut self, package: PackageId) -> Var {
        self.encoder.var(package, &mut self.engine)
    }

    /// Returns a variable that holds where one of some packages is installed.
    pub(crate) fn require(&mut self, requirement: Requirement, among: Among, phase: Phase) -> Var {
        self.backtrack(0);
        let choice = self.encoder.require(requirement, among, &mut self.engine);
        self.phases.set(choice, Some(phase));
        self.encoder.choice(choice).var
    }

    /// States a fact.
    pub(crate) fn state(&mut self, fact: Fact, lits: &[Lit]) {
        self.backtrack(0);
        self.encoder.state(fact, lits, &mut self.engine);
    }

    /// Looks for what satisfies everything.
    pub(crate) fn solve(&mut self, goals: Goals<'_>) -> Outcome {
        self.backtrack(0);
        loop {
            if let Some(end) = self.propagate() {
                return end;
            }
            match self.next(goals) {
                Next::Decide(lit) => self.decide(lit),
                Next::Failed(lit) => return Outcome::Unsat(self.conflict_facts(Origin::Value(lit.var()))),
                Next::Done => return Outcome::Found,
            }
        }
    }

    /// Returns the packages of what was found, in the order in which they were decided on.
    pub(crate) fn installed(&self) -> impl Iterator<Item = PackageId> {
        let trail = self.engine.trail().iter().filter(|lit| lit.is_yes());
        trail.filter_map(|lit| match self.encoder.subject(lit.var()) {
            Subject::Package(package) => Some(package),
            Subject::Choice(_) | Subject::Step => None,
        })
    }

    /// Draws all consequences, and learns from contradictions until there is none; or says why it ends before.
    fn propagate(&mut self) -> Option<Outcome> {
        loop {
            if let Some(fault) = self.engine.fault() {
                match self.engine.learn(fault) {
                    Learnt::Something => self.backtracked(),
                    Learnt::Unsat => return Some(Outcome::Unsat(self.conflict_facts(Origin::Fault(fault)))),
                }
                if self.engine.contradictions() > self.most {
                    return Some(Outcome::GivenUp);
                }
                continue;
            }
            let lit = self.engine.next_known()?;
            if lit.is_yes() {
                self.chosen(lit.var());
            }
            self.engine.propagate(lit);
        }
    }

    /// Notes what a variable that holds now asks for.
    fn chosen(&mut self, var: Var) {
        match self.encoder.subject(var) {
            Subject::Package(package) => {
                self.encoder.expand(var, &mut self.engine);
                self.queue_recommendations(package, var);
            }
            Subject::Choice(choice) => {
                let phase = self.phases.get(choice).unwrap_or(Phase::Needed);
                let names = self.encoder.choice(choice).names;
                self.queue(PendingChoice::choice(phase, names, choice));
            }
            Subject::Step => {}
        }
    }

    /// Queues a choice, where it is not waiting or made already.
    fn queue(&mut self, choice: PendingChoice) {
        if self.queued.insert(choice.what) == Before::Absent {
            self.pending.push(Reverse(choice));
        }
    }

    fn next(&mut self, goals: Goals<'_>) -> Next {
        if let Some(assumption) = goals.assumptions.get(self.engine.level()) {
            return match self.engine.value(*assumption) {
                Some(false) => Next::Failed(*assumption),
                _ => Next::Decide(*assumption),
            };
        }
        match goals.order {
            Order::SoftGoalsFirst => self
                .next_soft_goal(goals.soft_goals)
                .or_else(|| self.next_choice()),
            Order::ChoicesFirst => self
                .next_choice()
                .or_else(|| self.next_soft_goal(goals.soft_goals)),
        }
        .map_or(Next::Done, Next::Decide)
    }

    fn next_soft_goal(&mut self, soft_goals: &[Lit]) -> Option<Lit> {
        loop {
            let goal = soft_goals.get(self.turn).copied()?;
            if self.engine.value(goal).is_none() {
                return Some(goal);
            }
            self.turn += 1;
        }
    }

    fn decide(&mut self, lit: Lit) {
        self.turns.push(self.turn);
        self.engine.decide(lit);
    }

    fn backtrack(&mut self, level: usize) {
        self.engine.backtrack(level);
        self.backtracked();
    }

    /// Follows the engine back to an earlier level.
    fn backtracked(&mut self) {
        let level = self.engine.level();
        if let Some(turn) = self.turns.get(level) {
            self.turn = *turn;
        }
        self.turns.truncate(level);
        while let Some((_, choice)) = self.settled.pop_if(|(settled, _)| *settled > level) {
            self.pending.push(Reverse(choice));
        }
    }

    fn conflict_facts(&self, origin: Origin) -> Vec<Fact> {
        self.encoder.facts(&self.engine.conflict_tags(origin))
    }
}

/// What to do next.
enum Next {
    Decide(Lit),
    /// What must hold cannot.
    Failed(Lit),
    Done,
}
