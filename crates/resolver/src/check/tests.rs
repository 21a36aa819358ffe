use super::*;
use crate::search::tests::too_few;

#[test]
fn all_rounds_together_meet_a_bounded_number_of_contradictions() {
    let universe = too_few(12);
    let guests: Vec<PackageId> = (0..=12)
        .flat_map(|guest| universe.versions_of(&format!("guest{guest}")).iter().copied())
        .collect();
    let mut checker = Checker::new(&universe);
    checker.rounds(&UninstallableSet::new(&universe), universe.versions_of("all"));
    let met = checker.solver.engine.contradictions();
    assert!((100..=LEAST_FOR_A_ROUND + 1).contains(&met), "{met}");
    // Each is installable by itself, and shown to be.
    assert_eq!(Checker::new(&universe).run(&guests, &[]), []);
}
