//! Which packages satisfy a request, or why none do.
//!
//! Pure: no files, network, clock, environment or randomness; the same packages and the same request give the same
//! answer. The modules stand in the order in which a request goes through them: stanzas become a universe, a request
//! becomes clauses, the engine finds what satisfies them, and the answer is a plan or a refusal that says why.

mod table;
pub mod universe;
mod engine;
mod fact;
mod encode;
mod search;
mod explain;
pub mod check;
