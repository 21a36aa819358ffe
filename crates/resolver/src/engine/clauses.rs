//! The clauses of an engine.

use super::Lit;
use crate::index_vec::{IndexVec, Span, id};

id! {
    /// A clause.
    pub(crate) ClauseId
}

/// A clause's literals, and for a learnt one the clauses it follows from.
#[derive(Debug, Clone, Copy)]
struct Clause {
    tag: u32,
    lits: Span,
    parents: Span,
}

/// All clauses, in one piece of memory.
pub(super) struct Clauses {
    clauses: IndexVec<ClauseId, Clause>,
    lits: Vec<Lit>,
    parents: Vec<ClauseId>,
}

impl Clauses {
    /// Makes none.
    pub(super) fn new() -> Self {
        Self {
            clauses: IndexVec::new(),
            lits: Vec::new(),
            parents: Vec::new(),
        }
    }

    /// Adds a clause.
    pub(super) fn push(&mut self, lits: &[Lit], tag: u32) -> ClauseId {
        let lits = Span::push(&mut self.lits, lits.iter().copied());
        let parents = Span::default();
        self.clauses.push(Clause { tag, lits, parents })
    }

    /// Adds a clause that follows from others.
    pub(super) fn push_learnt(&mut self, lits: &[Lit], parents: &[ClauseId]) -> ClauseId {
        let clause = Clause {
            tag: 0,
            lits: Span::push(&mut self.lits, lits.iter().copied()),
            parents: Span::push(&mut self.parents, parents.iter().copied()),
        };
        self.clauses.push(clause)
    }

    /// Returns what a clause that was not learnt is told by.
    pub(super) fn tag(&self, clause: ClauseId) -> u32 {
        self.clauses[clause].tag
    }

    /// Returns the literals of a clause.
    pub(super) fn lits(&self, clause: ClauseId) -> &[Lit] {
        self.clauses[clause].lits.of(&self.lits)
    }

    /// Returns the literals of a clause, to put them in another order.
    pub(super) fn lits_mut(&mut self, clause: ClauseId) -> &mut [Lit] {
        let range = self.clauses[clause].lits.range();
        self.lits.get_mut(range).expect("a clause lies in the literals")
    }

    /// Returns the clauses that a learnt one follows from.
    pub(super) fn parents(&self, clause: ClauseId) -> &[ClauseId] {
        self.clauses[clause].parents.of(&self.parents)
    }
}
