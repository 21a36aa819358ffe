use std::collections::HashSet;
use std::fmt::Write as _;

use debian_control::stanza::StanzaReader;

use super::*;
use crate::fact::RequiredBy;
use crate::universe::{Source, UniverseBuilder};

/// So many packages that each need a place of their own, one place too few, and `all` that needs all of them: what is tried is taken back again and again.
pub(crate) fn too_few(places: usize) -> Universe {
    let mut index = String::new();
    for guest in 0..=places {
        let wanted: Vec<String> = (0..places).map(|place| format!("g{guest}p{place}")).collect();
        writeln!(
            index,
            "Package: guest{guest}\nVersion: 1\nArchitecture: amd64\nDepends: {}\n",
            wanted.join(" | ")
        )
        .unwrap();
        for place in 0..places {
            writeln!(
                index,
                "Package: g{guest}p{place}\nVersion: 1\nArchitecture: amd64\nProvides: p{place}\nConflicts: p{place}\n"
            )
            .unwrap();
        }
    }
    let guests: Vec<String> = (0..=places).map(|guest| format!("guest{guest}")).collect();
    writeln!(
        index,
        "Package: all\nVersion: 1\nArchitecture: amd64\nDepends: {}\n",
        guests.join(", ")
    )
    .unwrap();
    let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
    for stanza in StanzaReader::new(&index) {
        builder.add(&stanza.unwrap(), Source { priority: 500 }).unwrap();
    }
    builder.finish()
}

/// Looks for what lets every guest have a place, with one too few; returns the solver when that is shown to be impossible.
fn searched(universe: &Universe, places: usize) -> Solver<'_> {
    let mut solver = Solver::new(universe);
    let assumptions: Vec<Lit> = (0..=places)
        .map(|guest| {
            let requirement = Requirement {
                why: RequiredBy::Itself,
                one_of: universe.versions_of(&format!("guest{guest}")).to_vec(),
            };
            solver.require(requirement, Among::Ordered, Phase::Needed).yes()
        })
        .collect();
    solver.allow(10_000);
    let outcome = solver.solve(Goals {
        assumptions: &assumptions,
        soft_goals: &[],
        order: Order::ChoicesFirst,
    });
    assert!(matches!(outcome, Outcome::Unsat(_)));
    solver
}

// Choices that wait twice are looked at twice after each step back, and then four times: a check of two suites took minutes.
#[test]
fn each_contradiction_costs_a_bounded_number_of_steps() {
    for places in [5, 6] {
        let universe = too_few(places);
        let solver = searched(&universe, places);
        let contradictions = solver.engine.contradictions();
        let most = 2 * contradictions;
        assert!(
            solver.steps <= most,
            "{} choices were looked at for {contradictions} contradictions",
            solver.steps
        );
    }
}

#[test]
fn a_choice_waits_once_however_often_it_is_asked_for_again() {
    let universe = too_few(5);
    let solver = searched(&universe, 5);
    let contradictions = solver.engine.contradictions();
    assert!(contradictions > 10, "{contradictions}");
    let waiting = solver.pending.iter().map(|Reverse(choice)| choice.what);
    let waiting: Vec<What> = waiting
        .chain(solver.settled.iter().map(|(_, choice)| choice.what))
        .collect();
    let different: HashSet<What> = waiting.iter().copied().collect();
    assert_eq!(
        waiting.len(),
        different.len(),
        "after {contradictions} contradictions"
    );
}
