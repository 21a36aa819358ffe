//! From a request to a plan.

use crate::explain;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::select::{SolveError, select};
use crate::universe::Universe;

/// How many contradictions a search may meet before it is given up.
///
/// No package of Debian meets more than twenty when it is asked for; what meets so many was made to. The number means the same on
/// every machine.
const MOST_CONTRADICTIONS: u64 = 10_000;

/// Finds out what to do so that a request is met.
///
/// # Errors
/// When there is no solution: with the reasons, and with what would help.
pub fn solve(universe: &Universe, request: &Request) -> Result<Plan, Refusal> {
    match select(universe, request, MOST_CONTRADICTIONS) {
        Ok(selection) => Ok(Plan::new(universe, request, selection)),
        Err(SolveError::Unknown(target)) => Err(Refusal::unknown(universe, request, target)),
        Err(SolveError::Virtual(target)) => Err(Refusal::virtual_name(universe, request, target)),
        Err(SolveError::Contradiction(facts)) => {
            let facts = explain::shortest(universe, facts);
            Err(Refusal::new(universe, request, facts))
        }
        Err(SolveError::GivenUp) => Err(Refusal::given_up(request, MOST_CONTRADICTIONS)),
    }
}
