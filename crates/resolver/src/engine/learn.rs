//! What a contradiction teaches, and what it came from.

use std::collections::HashSet;

use super::{ClauseId, Engine, Lit, Var};

/// What follows from a contradiction.
pub(crate) enum Learnt {
    /// Something that holds on top of the decisions that are left.
    Something,
    /// The clauses cannot all hold, whatever is decided.
    Unsat,
}

/// From further than this only the last decision is taken back: what stands between would be decided again as it was.
///
/// Source: Nadel and Ryvchin, "Chronological Backtracking", 2018.
const FAR: usize = 100;

impl Engine {
    /// Learns from the clause that cannot hold any more, and goes back to where that has a consequence.
    pub(crate) fn learn(&mut self, fault: ClauseId) -> Learnt {
        self.contradictions += 1;
        let level = self.highest_level(fault);
        if level == 0 {
            return Learnt::Unsat;
        }
        // A clause that was added late may have been broken long before.
        self.backtrack(level);
        let (lits, parents) = self.analyse(fault, level);
        let back = lits
            .iter()
            .skip(1)
            .map(|lit| self.states[lit.var()].level as usize)
            .max()
            .unwrap_or(0);
        let back = if level - back > FAR { level - 1 } else { back };
        self.backtrack(back);
        self.add_learnt(&lits, &parents);
        Learnt::Something
    }

    fn highest_level(&self, clause: ClauseId) -> usize {
        let lits = self.clauses.lits(clause).iter();
        lits.map(|lit| self.states[lit.var()].level as usize)
            .max()
            .unwrap_or(0)
    }

    /// Resolves the broken clause with what its literals follow from, until one literal of the last level is left.
    ///
    /// Returns the clause, that literal first, and the clauses it follows from.
    fn analyse(&mut self, fault: ClauseId, level: usize) -> (Vec<Lit>, Vec<ClauseId>) {
        let mut learning = Learning {
            level,
            open: 0,
            lits: Vec::new(),
            parents: Vec::new(),
            seen: Vec::new(),
        };
        self.resolve(fault, &mut learning);
        // Backwards, since a literal follows only from those that stand before it.
        let mut at = self.trail.len();
        let mut last = None;
        while let Some(lit) = at.checked_sub(1).and_then(|at| self.trail.get(at).copied()) {
            at -= 1;
            if !self.states[lit.var()].seen {
                continue;
            }
            learning.open -= 1;
            // Every path from the last decision to the contradiction leads through this one (the first unique implication point).
            if learning.open == 0 {
                last = Some(!lit);
                break;
            }
            if let Some(reason) = self.states[lit.var()].reason {
                self.resolve(reason, &mut learning);
            }
        }
        for var in &learning.seen {
            self.states[*var].seen = false;
        }
        let lits = last.into_iter().chain(learning.lits).collect();
        (lits, learning.parents)
    }

    fn resolve(&mut self, clause: ClauseId, learning: &mut Learning) {
        learning.parents.push(clause);
        for lit in self.clauses.lits(clause) {
            let state = &mut self.states[lit.var()];
            // What holds for good needs no mention in a clause, and a literal that is true is what its reason was a reason for.
            if state.seen || state.level == 0 || state.value == Some(lit.is_yes()) {
                continue;
            }
            state.seen = true;
            learning.seen.push(lit.var());
            // Those of the last level are resolved away until one is left; those before it are what is learnt.
            if state.level as usize == learning.level {
                learning.open += 1;
            } else {
                learning.lits.push(*lit);
            }
        }
    }

    /// Adds a learnt clause whose first literal is open and whose others are false.
    fn add_learnt(&mut self, lits: &[Lit], parents: &[ClauseId]) {
        let mut ordered = lits.to_vec();
        // The second watched literal is the one that became false last, to be the first to open again.
        if let Some(rest) = ordered.get_mut(1..) {
            rest.sort_by_key(|lit| std::cmp::Reverse(self.states[lit.var()].level));
        }
        let clause = self.clauses.push_learnt(&ordered, parents);
        self.watch(clause);
        if let Some(first) = ordered.first() {
            self.assume(*first, Some(clause));
        }
    }

    /// Returns the tags of the clauses, none of them learnt, that make a clause impossible or a variable what it is.
    ///
    /// Together they contradict the decisions that still stand.
    pub(crate) fn conflict_tags(&self, from: Origin) -> Vec<u32> {
        let mut walk = Minimizer::default();
        match from {
            Origin::Fault(clause) => walk.enter(clause, true),
            Origin::Value(var) => walk.vars.push(var),
        }
        loop {
            if let Some(var) = walk.vars.pop() {
                if walk.met_vars.insert(var)
                    && let Some(reason) = self.states[var].reason
                {
                    walk.enter(reason, true);
                }
            } else if let Some((clause, whole)) = walk.clauses.pop() {
                self.walk_clause(clause, whole, &mut walk);
            } else {
                break;
            }
        }
        let met = walk.met.iter().map(|(clause, _)| *clause);
        let original = met.filter(|clause| self.clauses.parents(*clause).is_empty());
        let mut tags: Vec<u32> = original.map(|clause| self.clauses.tag(clause)).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Goes on to where a clause comes from, and to where its literals were lost: all of them, or those lost for good.
    fn walk_clause(&self, clause: ClauseId, whole: bool, walk: &mut Minimizer) {
        for parent in self.clauses.parents(clause) {
            // A learnt clause holds whatever is decided, so of its parents' literals only those lost for good are part of the proof.
            walk.enter(*parent, false);
        }
        for lit in self.clauses.lits(clause) {
            let state = &self.states[lit.var()];
            if state.value.is_some() && (whole || state.level == 0) {
                walk.vars.push(lit.var());
            }
        }
    }
}

/// Where to begin looking for tags.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// A clause that cannot hold.
    Fault(ClauseId),
    /// The value of a variable.
    Value(Var),
}

/// A clause in the making.
struct Learning {
    level: usize,
    /// Literals of the level that are not resolved yet.
    open: usize,
    lits: Vec<Lit>,
    parents: Vec<ClauseId>,
    seen: Vec<Var>,
}

#[derive(Default)]
struct Minimizer {
    vars: Vec<Var>,
    clauses: Vec<(ClauseId, bool)>,
    met: HashSet<(ClauseId, bool)>,
    met_vars: HashSet<Var>,
}

impl Minimizer {
    fn enter(&mut self, clause: ClauseId, whole: bool) {
        if self.met.insert((clause, whole)) {
            self.clauses.push((clause, whole));
        }
    }
}
