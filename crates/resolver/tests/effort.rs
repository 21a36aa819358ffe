//! Searches that would never end: each is given up, always at the same point, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, also what is not itself a test"
)]

mod support;

use std::fmt::Write as _;

use resolver::check::check;
use resolver::refusal::RefusalKind;
use support::World;

/// So many pigeons, each of which needs one of so many holes, where one hole has room for one: a problem whose impossibility
/// takes exponentially many steps to show.
///
/// Source: Haken, "The intractability of resolution", 1985.
fn pigeons(pigeons: usize, holes: usize) -> World {
    let mut lines = String::new();
    let all: Vec<String> = (0..pigeons).map(|pigeon| format!("pigeon{pigeon}")).collect();
    writeln!(lines, "all 1 & Depends: {}", all.join(", ")).unwrap();
    for pigeon in 0..pigeons {
        let places: Vec<String> = (0..holes).map(|hole| format!("p{pigeon}h{hole}")).collect();
        writeln!(lines, "pigeon{pigeon} 1 & Depends: {}", places.join(" | ")).unwrap();
        for hole in 0..holes {
            let others = (0..pigeon).map(|other| format!("p{other}h{hole}"));
            let conflicts: Vec<String> = others.collect();
            let field = if conflicts.is_empty() {
                ""
            } else {
                " & Conflicts: "
            };
            writeln!(lines, "p{pigeon}h{hole} 1{field}{}", conflicts.join(", ")).unwrap();
        }
    }
    World::new(&lines)
}

#[test]
fn a_search_without_an_end_is_given_up_and_says_so() {
    let world = pigeons(13, 12);
    let refusal = world.solve(&world.request(&["all"])).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::GivenUp);
    assert!(refusal.summary.contains("within the search limit"), "{refusal}");
    assert_eq!(world.solve(&world.request(&["all"])).unwrap_err(), refusal);
}

#[test]
fn what_is_hard_and_possible_is_found() {
    let world = pigeons(13, 13);
    let plan = world.solve(&world.request(&["all"])).unwrap();
    assert_eq!(plan.install.len(), 1 + 13 + 13);
}

#[test]
fn what_is_small_and_impossible_is_shown_to_be() {
    let world = pigeons(5, 4);
    let refusal = world.solve(&world.request(&["all"])).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Impossible);
}

#[test]
fn a_check_tells_what_it_does_not_know_and_decides_the_rest() {
    let world = pigeons(13, 12);
    let broken = check(world.universe());
    let names: Vec<&str> = broken
        .iter()
        .map(|broken| world.universe().name(broken.package))
        .collect();
    assert_eq!(names, ["all"]);
    assert!(
        broken
            .iter()
            .all(|broken| broken.reasons.len() == 1 && broken.reasons[0].contains("not known")),
        "{broken:?}"
    );
}
