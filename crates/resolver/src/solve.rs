//! From a request to a plan.

use crate::explain;
use crate::plan::{NoOrder, Plan};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::select::{SolveError, select};
use crate::universe::Universe;

/// How many contradictions a search may meet before it is given up.
///
/// No package of Debian meets more than twenty when it is asked for; what meets so many was made to. The number means the same on
/// every machine.
const MOST_CONTRADICTIONS: u64 = 10_000;

/// How many packages may be left out since dpkg has no order for them, until the rest is given up too: each takes a search.
const MOST_LEFT_OUT: usize = 100;

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

/// Finds out what to do so that a request is met, by steps that dpkg takes. What it has no order for is left out, and whatever cannot be without
/// that: an upgrade does the rest. Returns the plan, and for each package that was left out why dpkg would not take it.
///
/// # Errors
/// When there is no solution, or none without what dpkg has no order for.
pub fn solve_in_order(universe: &Universe, request: &Request) -> Result<(Plan, Vec<Refusal>), Refusal> {
    let mut request = request.clone();
    let mut left_out: Vec<Refusal> = Vec::new();
    loop {
        let plan = match solve(universe, &request) {
            Ok(plan) => plan,
            Err(refusal) => return Err(left_out.into_iter().next().unwrap_or(refusal)),
        };
        let installed = request.installed.iter().map(|one| one.package);
        match plan.refused_by_dpkg(universe, installed) {
            None => return Ok((plan, left_out)),
            Some(NoOrder { refusal, .. }) if left_out.len() == MOST_LEFT_OUT => return Err(refusal),
            Some(NoOrder { package, refusal }) => {
                request.left_out.push(package);
                left_out.push(refusal);
            }
        }
    }
}
