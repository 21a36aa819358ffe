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
    let answer =
        answer(universe, request, MOST_CONTRADICTIONS).map_err(|no| no.refusal(universe, request))?;
    Ok(Plan::new(universe, request, answer))
}

/// How many contradictions a search may meet before it is given up.
///
/// No package of Debian meets more than twenty when it is asked for; what meets so many was made to. The number means the same on
/// every machine.
pub(crate) const MOST_CONTRADICTIONS: u64 = 10_000;

/// How many packages may be looked at to find out which provider brings the least; from there on the name decides.
const MOST_WEIGHED: usize = 1_000_000;

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
    /// Nobody knows: the search was given up.
    GivenUp,
}

impl No {
    fn refusal(self, universe: &Universe, request: &Request) -> Refusal {
        match self {
            Self::Unknown(target) => Refusal::unknown(universe, request, target),
            Self::Facts(facts) => Refusal::new(universe, request, explain::shortest(universe, facts)),
            Self::GivenUp => Refusal::given_up(request, MOST_CONTRADICTIONS),
        }
    }
}

/// Finds out what is to be installed. All searches together meet at most so many contradictions.
pub(crate) fn answer(universe: &Universe, request: &Request, contradictions: u64) -> Result<Answer, No> {
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
    solver.allow(contradictions);
    solver.weigh(MOST_WEIGHED);
    match solver.solve(firmly(&all)) {
        Outcome::Found => {
            return Ok(Answer {
                packages: solver.installed().collect(),
                removed: Vec::new(),
            });
        }
        Outcome::GivenUp => return Err(No::GivenUp),
        Outcome::Never(_) => {}
    }
    let wishes: Vec<Lit> = keeps.iter().map(|(_, keep)| *keep).collect();
    let goals = Goals {
        musts: &musts,
        wishes: &wishes,
        order: Order::WishesFirst,
    };
    match solver.solve(goals) {
        Outcome::Found => {}
        Outcome::Never(facts) => return Err(No::Facts(facts)),
        Outcome::GivenUp => return Err(No::GivenUp),
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
            Outcome::GivenUp => return Err(No::GivenUp),
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
