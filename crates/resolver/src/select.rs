//! Which packages are to be installed so that a request is met.
//!
//! The order of preference: what is asked for is done; a package is removed only if every solution removes it; what was
//! asked for comes in its newest version; what is installed stays as it is, or with an upgrade becomes the newest that can
//! be (a full upgrade puts that first, and removes what is in the way); the newest version of what is needed, the first alternative, a real package before one that provides its name;
//! and last what is recommended. Each choice gives way only if nothing works with it and the choices before it.

mod outcome;
mod setup;

use crate::engine::Lit;
use crate::explain;
use crate::request::Request;
use crate::search::{Goals, Order, Outcome};
use crate::universe::{PackageId, Universe};
use setup::Setup;

pub(crate) use outcome::{Selection, SolveError};

/// How many packages may be looked at to find out which provider brings the least; from there on the name decides.
const MOST_WEIGHED: usize = 1_000_000;

/// Finds out what is to be installed. All searches together meet at most so many contradictions.
pub(crate) fn select(
    universe: &Universe,
    request: &Request,
    contradictions: u64,
) -> Result<Selection, SolveError> {
    let setup = Setup::new(universe, request)?;
    let soft_goals = setup.soft_goals(request);
    let Setup {
        mut solver,
        assumptions,
        keeps,
        upgrades,
    } = setup;
    let all: Vec<Lit> = assumptions.iter().chain(&soft_goals).copied().collect();
    solver.allow(contradictions);
    solver.weigh(MOST_WEIGHED);
    match solver.solve(hard(&all)) {
        Outcome::Found => {
            return Ok(Selection {
                packages: solver.installed().collect(),
                removed: Vec::new(),
            });
        }
        Outcome::GivenUp => return Err(SolveError::GivenUp),
        Outcome::Unsat(_) => {}
    }
    let goals = Goals {
        assumptions: &assumptions,
        soft_goals: &soft_goals,
        order: Order::SoftGoalsFirst,
    };
    match solver.solve(goals) {
        Outcome::Found => {}
        Outcome::Unsat(facts) => return Err(SolveError::Contradiction(facts)),
        Outcome::GivenUp => return Err(SolveError::GivenUp),
    }
    let mut packages: Vec<PackageId> = solver.installed().collect();
    let (mut kept, lost): (Vec<_>, Vec<_>) = keeps
        .into_iter()
        .partition(|(_, keep)| solver.engine.holds(*keep));
    let upgrades: Vec<Lit> = upgrades.into_iter().map(|(_, upgrade)| upgrade).collect();
    let upgrades: Vec<Lit> = upgrades
        .into_iter()
        .filter(|upgrade| solver.engine.holds(*upgrade))
        .collect();
    let mut removed = Vec::new();
    // A removal is proposed only after one more search has shown that nothing works without it.
    for (package, keep) in lost {
        let firm: Vec<Lit> = assumptions
            .iter()
            .chain(&upgrades)
            .copied()
            .chain(kept.iter().map(|(_, keep)| *keep))
            .chain([keep])
            .collect();
        match solver.solve(hard(&firm)) {
            Outcome::Unsat(facts) => removed.push((package, explain::shortest(universe, facts))),
            Outcome::Found => {
                packages = solver.installed().collect();
                kept.push((package, keep));
            }
            Outcome::GivenUp => return Err(SolveError::GivenUp),
        }
    }
    Ok(Selection { packages, removed })
}

fn hard(assumptions: &[Lit]) -> Goals<'_> {
    Goals {
        assumptions,
        soft_goals: &[],
        order: Order::SoftGoalsFirst,
    }
}
