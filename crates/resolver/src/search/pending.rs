//! Choices that are to be made, and their order.

use super::Solver;
use crate::encode::{Candidate, ChoiceId, Subject};
use crate::engine::{Lit, Var};
use crate::index_vec::{Notes, id};
use crate::universe::{GroupId, PackageId};

id! {
    /// A recommendation of a package.
    pub(super) SoftId
}

/// When a choice has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Which version of what was asked for.
    Requested,
    /// What a chosen package recommends in a version that an installed package does not have yet.
    Newer,
    /// Which version of what is installed.
    Installed,
    /// What a chosen package needs.
    Needed,
    /// What a chosen package recommends.
    Recommended,
}

/// A choice to be made. Ordered by phase; among those of a phase the one between the fewest names comes first, since
/// the others may be met by what it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PendingChoice {
    phase: Phase,
    names: usize,
    pub(super) what: What,
}

/// What a choice is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum What {
    Choice(ChoiceId),
    Soft(SoftId),
}

impl PendingChoice {
    pub(super) fn choice(phase: Phase, names: usize, choice: ChoiceId) -> Self {
        // Versions of what is asked for and of what is installed are chosen in the order in which they were named.
        let names = if phase == Phase::Needed { names } else { 0 };
        Self {
            phase,
            names,
            what: What::Choice(choice),
        }
    }
}

/// The choices that wait or are made.
pub(super) struct Queued {
    choices: Notes<ChoiceId, bool>,
    softs: Notes<SoftId, bool>,
}

/// Whether something was there before it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Present,
    Absent,
}

impl Queued {
    pub(super) fn new() -> Self {
        Self {
            choices: Notes::new(),
            softs: Notes::new(),
        }
    }

    pub(super) fn insert(&mut self, what: What) -> Before {
        match self.set(what, true) {
            true => Before::Present,
            false => Before::Absent,
        }
    }

    pub(super) fn remove(&mut self, what: What) {
        self.set(what, false);
    }

    fn set(&mut self, what: What, is_there: bool) -> bool {
        match what {
            What::Choice(choice) => self.choices.set(choice, is_there),
            What::Soft(soft) => self.softs.set(soft, is_there),
        }
    }
}

/// A recommendation of a package.
pub(super) struct Soft {
    package: Var,
    candidates: Vec<Candidate>,
    phase: Phase,
}

/// Says which recommendations count.
pub(crate) trait Recommending {
    /// Returns the recommendations of a package that are to be taken where they can be.
    fn recommended(&self, package: PackageId) -> Vec<GroupId>;

    /// Says whether only another version of an installed package, or something new, is one of some candidates: that is chosen before
    /// installed packages keep their versions.
    fn wants_newer(&self, candidates: &[PackageId]) -> bool;
}

impl Solver<'_> {
    /// Asks for what a chosen package recommends.
    pub(super) fn queue_recommendations(&mut self, package: PackageId, var: Var) {
        let Some(recommends) = &self.recommends else {
            return;
        };
        if !self.softs_of.contains_key(&package) {
            let groups = recommends.recommended(package);
            let softs = groups.into_iter().map(|group| {
                let candidates = self.encoder.recommended(package, group, &mut self.engine);
                let packages = candidates
                    .iter()
                    .map(|candidate| self.encoder.subject(candidate.var));
                let packages = packages.filter_map(|subject| match subject {
                    Subject::Package(package) => Some(package),
                    Subject::Choice(_) | Subject::Step => None,
                });
                let phase = match recommends.wants_newer(&packages.collect::<Vec<_>>()) {
                    true => Phase::Newer,
                    false => Phase::Recommended,
                };
                self.softs.push(Soft {
                    package: var,
                    candidates,
                    phase,
                })
            });
            let softs = softs.collect();
            self.softs_of.insert(package, softs);
        }
        for soft in self.softs_of.get(&package).cloned().unwrap_or_default() {
            self.queue(PendingChoice {
                phase: self.softs[soft].phase,
                names: 0,
                what: What::Soft(soft),
            });
        }
    }

    /// Returns what to try for the next choice that is open.
    pub(super) fn next_choice(&mut self) -> Option<Lit> {
        loop {
            let std::cmp::Reverse(choice) = self.pending.pop()?;
            #[cfg(test)]
            {
                self.steps += 1;
            }
            let (asking, candidates) = match choice.what {
                What::Choice(choice) => {
                    let choice = self.encoder.choice(choice);
                    (choice.var, &choice.candidates)
                }
                What::Soft(soft) => {
                    let soft = &self.softs[soft];
                    (soft.package, &soft.candidates)
                }
            };
            if !self.engine.holds(asking.yes()) {
                // If the variable holds again, it is queued again.
                self.queued.remove(choice.what);
                continue;
            }
            let level = self.engine.level();
            if candidates
                .iter()
                .any(|candidate| self.engine.holds(candidate.var.yes()))
            {
                self.settled.push((level, choice));
                continue;
            }
            if let Some(preferred) = self.preferred_of(candidates) {
                self.settled.push((level + 1, choice));
                return Some(preferred.yes());
            }
            let is_open = |candidate: &&Candidate| self.engine.value(candidate.var.yes()).is_none();
            let mut open = candidates.iter().filter(is_open);
            let Some(first) = open.next().copied() else {
                // A recommendation that nothing can meet; a choice with no candidate is a contradiction before.
                self.settled.push((level, choice));
                continue;
            };
            let equals = open.take_while(|candidate| candidate.class == first.class);
            let equals: Vec<Var> = [first.var]
                .into_iter()
                .chain(equals.map(|candidate| candidate.var))
                .collect();
            let chosen = match equals.len() {
                1 => first.var,
                _ => self.lightest(choice.what, first.var, &equals),
            };
            self.settled.push((level + 1, choice));
            return Some(chosen.yes());
        }
    }

    /// Returns the first open candidate that is to be taken before others.
    fn preferred_of(&self, candidates: &[Candidate]) -> Option<Var> {
        let is_preferred = self.preferred?;
        let mut vars = candidates.iter().map(|candidate| candidate.var);
        vars.find(|var| match self.encoder.subject(*var) {
            Subject::Package(package) => is_preferred.get(package) && self.engine.value(var.yes()).is_none(),
            Subject::Choice(_) | Subject::Step => false,
        })
    }
}
