//! From a request to a plan.
//!
//! The order of preference: what is asked for is done; nothing is removed unless no plan is without it; what was asked
//! for comes in its newest version; what is installed stays as it is, or with an upgrade becomes the newest that can
//! be; the newest version of what is needed, the first alternative, a real package before one that provides its name;
//! and last what is recommended. Each choice gives way only where nothing works with it and the choices before it.

mod setup;

use crate::engine::Lit;
use crate::explain;
use crate::fact::Fact;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::search::{Goals, Order, Outcome};
use crate::universe::{PackageId, Universe};
use setup::Setup;

/// Finds out what to do so that a request is met.
///
/// # Errors
/// When there is no way: with the reasons, and with what would help.
pub fn solve(universe: &Universe, request: &Request) -> Result<Plan, Refusal> {
    let answer = answer(universe, request).map_err(|no| no.refusal(universe, request))?;
    Ok(Plan::new(universe, request, answer))
}

/// What is to be installed in the end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Everything, in the order in which it was decided on.
    pub(crate) packages: Vec<PackageId>,
    /// What goes, and why it cannot stay.
    pub(crate) removed: Vec<(PackageId, Vec<Fact>)>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum No {
    /// A target, by its place, means no package.
    Unknown(usize),
    /// These facts contradict each other.
    Facts(Vec<Fact>),
}

impl No {
    fn refusal(self, universe: &Universe, request: &Request) -> Refusal {
        match self {
            Self::Unknown(target) => Refusal::unknown(universe, request, target),
            Self::Facts(facts) => Refusal::new(universe, request, explain::shortest(universe, facts)),
        }
    }
}

/// Finds out what is to be installed.
pub(crate) fn answer(universe: &Universe, request: &Request) -> Result<Answer, No> {
    let Setup {
        mut solver,
        musts,
        keeps,
    } = Setup::new(universe, request)?;
    let all: Vec<Lit> = musts
        .iter()
        .copied()
        .chain(keeps.iter().map(|(_, keep)| *keep))
        .collect();
    if let Outcome::Found = solver.solve(firmly(&all)) {
        return Ok(Answer {
            packages: solver.installed().collect(),
            removed: Vec::new(),
        });
    }
    let wishes: Vec<Lit> = keeps.iter().map(|(_, keep)| *keep).collect();
    let goals = Goals {
        musts: &musts,
        wishes: &wishes,
        order: Order::WishesFirst,
    };
    if let Outcome::Never(facts) = solver.solve(goals) {
        return Err(No::Facts(facts));
    }
    let mut packages: Vec<PackageId> = solver.installed().collect();
    let (mut kept, lost): (Vec<_>, Vec<_>) = keeps
        .into_iter()
        .partition(|(_, keep)| solver.engine.holds(*keep));
    let mut removed = Vec::new();
    // A removal is proposed only after one more search has shown that nothing works without it.
    for (package, keep) in lost {
        let firm: Vec<Lit> = musts
            .iter()
            .copied()
            .chain(kept.iter().map(|(_, keep)| *keep))
            .chain([keep])
            .collect();
        match solver.solve(firmly(&firm)) {
            Outcome::Never(facts) => removed.push((package, explain::shortest(universe, facts))),
            Outcome::Found => {
                packages = solver.installed().collect();
                kept.push((package, keep));
            }
        }
    }
    Ok(Answer { packages, removed })
}

fn firmly(musts: &[Lit]) -> Goals<'_> {
    Goals {
        musts,
        wishes: &[],
        order: Order::WishesFirst,
    }
}
