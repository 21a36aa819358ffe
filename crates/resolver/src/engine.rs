//! A solver of clauses: what follows, what contradicts, and what is learnt from it.
//!
//! Conflict-driven clause learning over literals that mean nothing here. Whoever drives it says which clause to add and
//! what to try next; the engine says what follows and, at a contradiction, learns a clause that keeps the same one from
//! being met again. Nothing that was learnt is forgotten, so each contradiction can be told back to the clauses it came
//! from ([`Engine::conflict_tags`]).
//!
//! Source: Eén and Sörensson, "An Extensible SAT-solver", 2003.

mod clauses;
mod learn;

use crate::index_vec::{IndexVec, id};
use clauses::Clauses;

pub(crate) use clauses::ClauseId;
pub(crate) use learn::{Learnt, Origin};

id! {
    /// Something that holds or does not.
    pub(crate) Var
}

id! {
    /// That something holds, or that it does not.
    pub(crate) Lit
}

impl Var {
    /// Returns the literal that says it holds.
    pub(crate) fn yes(self) -> Lit {
        Lit(self.0 << 1)
    }

    /// Returns the literal that says it does not hold.
    pub(crate) fn no(self) -> Lit {
        Lit(self.0 << 1 | 1)
    }
}

impl Lit {
    /// Returns what it speaks of.
    pub(crate) fn var(self) -> Var {
        Var(self.0 >> 1)
    }

    /// Says whether it says that something holds.
    pub(crate) fn is_yes(self) -> bool {
        self.0 & 1 == 0
    }
}

impl std::ops::Not for Lit {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy)]
struct VariableState {
    value: Option<bool>,
    /// How many decisions it rests on, counted from the first.
    level: u32,
    /// The clause it follows from; none for a decision.
    reason: Option<ClauseId>,
    /// Whether it was met while learning.
    seen: bool,
}

/// Why a clause must be visited when a literal becomes false.
#[derive(Debug, Clone, Copy)]
struct Watcher {
    clause: ClauseId,
    /// Another literal of the clause: where it holds, the clause needs no look.
    other: Lit,
}

/// The solver.
pub(crate) struct Engine {
    states: IndexVec<Var, VariableState>,
    clauses: Clauses,
    watches: IndexVec<Lit, Vec<Watcher>>,
    /// What holds, in the order in which it became known.
    trail: Vec<Lit>,
    /// How long the trail was before each decision.
    levels: Vec<usize>,
    /// How much of the trail was handed out.
    handed: usize,
    /// Clauses of which no literal is left.
    faults: Vec<ClauseId>,
    /// How many contradictions were met.
    contradictions: u64,
    /// Where the literals of a new clause are put in order.
    scratch: Vec<Lit>,
}

impl Engine {
    /// Makes one that knows nothing.
    pub(crate) fn new() -> Self {
        Self {
            states: IndexVec::new(),
            clauses: Clauses::new(),
            watches: IndexVec::new(),
            trail: Vec::new(),
            levels: Vec::new(),
            handed: 0,
            faults: Vec::new(),
            contradictions: 0,
            scratch: Vec::new(),
        }
    }

    /// Returns how many contradictions were met: what a search costs grows with these, and their number depends on nothing but
    /// the clauses and what was tried.
    pub(crate) fn contradictions(&self) -> u64 {
        self.contradictions
    }

    /// Makes a variable.
    pub(crate) fn variable(&mut self) -> Var {
        self.watches.push(Vec::new());
        self.watches.push(Vec::new());
        self.states.push(VariableState {
            value: None,
            level: 0,
            reason: None,
            seen: false,
        })
    }

    /// Says whether a literal holds, as far as is known.
    pub(crate) fn value(&self, lit: Lit) -> Option<bool> {
        self.states[lit.var()].value.map(|value| value == lit.is_yes())
    }

    /// Says whether a literal holds.
    pub(crate) fn holds(&self, lit: Lit) -> bool {
        self.value(lit) == Some(true)
    }

    /// Returns how many decisions stand.
    pub(crate) fn level(&self) -> usize {
        self.levels.len()
    }

    /// Returns what holds, in the order in which it became known.
    pub(crate) fn trail(&self) -> &[Lit] {
        &self.trail
    }

    /// Adds a clause: one of the literals holds. May be done at any time.
    ///
    /// The tag is what [`Engine::conflict_tags`] tells it by.
    pub(crate) fn add(&mut self, lits: &[Lit], tag: u32) {
        let mut ordered = std::mem::take(&mut self.scratch);
        ordered.clear();
        ordered.extend_from_slice(lits);
        // What is true or open first, then what became false last: the two that are watched are the last to fall.
        ordered.sort_by_key(|lit| match self.value(*lit) {
            Some(true) => (0, 0),
            None => (1, 0),
            Some(false) => (2, u32::MAX - self.states[lit.var()].level),
        });
        let clause = self.clauses.push(&ordered, tag);
        self.watch(clause);
        match ordered.first() {
            Some(first) if self.value(*first) != Some(false) => {
                let is_unit = ordered
                    .get(1)
                    .is_none_or(|second| self.value(*second) == Some(false));
                if is_unit && self.value(*first).is_none() {
                    self.assume(*first, Some(clause));
                }
            }
            _ => self.faults.push(clause),
        }
        self.scratch = ordered;
    }

    /// Tries a literal that is open, on top of what holds.
    pub(crate) fn decide(&mut self, lit: Lit) {
        self.levels.push(self.trail.len());
        if self.value(lit).is_none() {
            self.assume(lit, None);
        }
    }

    /// Takes back all decisions but the first `level`, and what followed from them.
    pub(crate) fn backtrack(&mut self, level: usize) {
        let Some(length) = self.levels.get(level).copied() else {
            return;
        };
        self.levels.truncate(level);
        // Watches need no mending: of a clause whose watched literals fell, those that fell last are the first to be open again.
        for lit in self.trail.drain(length..) {
            self.states[lit.var()].value = None;
        }
        self.handed = self.handed.min(length);
        // A clause that was added late may have been broken long before: no literal of it falls again.
        let mut faults = std::mem::take(&mut self.faults);
        faults.retain(|clause| {
            self.clauses
                .lits(*clause)
                .iter()
                .all(|lit| self.value(*lit) == Some(false))
        });
        self.faults = faults;
    }

    /// Returns the next literal that became known and whose consequences were not drawn yet.
    pub(crate) fn next_known(&mut self) -> Option<Lit> {
        let lit = self.trail.get(self.handed).copied()?;
        self.handed += 1;
        Some(lit)
    }

    /// Returns the clause that cannot hold any more, where there is one.
    pub(crate) fn fault(&self) -> Option<ClauseId> {
        self.faults.first().copied()
    }

    /// Draws the consequences of a literal that holds.
    pub(crate) fn propagate(&mut self, lit: Lit) {
        let fallen = !lit;
        let mut watches = std::mem::take(&mut self.watches[fallen]);
        let mut at = 0;
        while let Some(watch) = watches.get(at).copied() {
            // The other watched literal is kept beside the clause for this: most clauses hold already, and are not looked up at all.
            if self.holds(watch.other) {
                at += 1;
                continue;
            }
            match self.visit(watch.clause, fallen) {
                ClauseVisit::Moved => {
                    watches.swap_remove(at);
                }
                ClauseVisit::Holds => at += 1,
                ClauseVisit::Unit(first) => {
                    self.assume(first, Some(watch.clause));
                    at += 1;
                }
                ClauseVisit::Fault => {
                    // Whatever else this literal would bring is taken back together with it.
                    self.faults.push(watch.clause);
                    break;
                }
            }
        }
        // A clause that is moved may come to be watched here again only by a literal that is not false.
        let added = std::mem::replace(&mut self.watches[fallen], watches);
        self.watches[fallen].extend(added);
    }

    /// Looks for another literal to watch in place of one that fell.
    fn visit(&mut self, clause: ClauseId, fallen: Lit) -> ClauseVisit {
        let states = &self.states;
        let value = |lit: Lit| states[lit.var()].value.map(|value| value == lit.is_yes());
        let lits = self.clauses.lits_mut(clause);
        if lits.first() == Some(&fallen) {
            lits.swap(0, 1.min(lits.len().saturating_sub(1)));
        }
        let Some(first) = lits.first().copied() else {
            return ClauseVisit::Fault;
        };
        if value(first) == Some(true) {
            return ClauseVisit::Holds;
        }
        let open = lits.iter().skip(2).position(|lit| value(*lit) != Some(false));
        if let Some(open) = open {
            lits.swap(1, open + 2);
            if let Some(second) = lits.get(1).copied() {
                self.watches[second].push(Watcher { clause, other: first });
            }
            return ClauseVisit::Moved;
        }
        match value(first) {
            None if first != fallen => ClauseVisit::Unit(first),
            _ => ClauseVisit::Fault,
        }
    }

    /// Watches the first two literals of a clause.
    fn watch(&mut self, clause: ClauseId) {
        let pair = match self.clauses.lits(clause) {
            [only] => [*only, *only],
            [first, second, ..] => [*first, *second],
            [] => return,
        };
        let [first, second] = pair;
        self.watches[first].push(Watcher {
            clause,
            other: second,
        });
        if first != second {
            self.watches[second].push(Watcher { clause, other: first });
        }
    }

    /// Notes that a literal holds from here on.
    fn assume(&mut self, lit: Lit, reason: Option<ClauseId>) {
        let level = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        let state = &mut self.states[lit.var()];
        state.value = Some(lit.is_yes());
        state.level = level;
        state.reason = reason;
        self.trail.push(lit);
    }
}

/// What a look at a clause found.
enum ClauseVisit {
    /// It watches another literal now.
    Moved,
    /// It holds already.
    Holds,
    /// One literal is left.
    Unit(Lit),
    /// No literal is left.
    Fault,
}
