//! Which packages satisfy a request, or why none do.
//!
//! Called by `cpkgs` to plan a change, and by the archive to find uninstallable packages. Pure: no files, network, clock, environment or randomness; the same packages and the same request give the same
//! answer. The modules are in the order in which a request passes through them: stanzas become a universe, a request
//! becomes clauses, the engine finds what satisfies them, and the answer is a plan or a refusal that says why.

mod index_vec;
pub mod universe;
pub mod request;
mod fact;
mod engine;
mod encode;
mod search;
mod explain;
mod message;
mod versions;
pub mod recommendations;
mod select;
pub mod plan;
pub mod refusal;
pub mod solve;
pub mod kept_back;
pub mod autoremovable;
pub mod broken;
pub mod check;
