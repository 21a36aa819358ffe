use super::super::uninstallable_set::Needs;
use super::*;
use crate::search::tests::too_few;

#[test]
fn all_rounds_together_meet_a_bounded_number_of_contradictions() {
    let universe = too_few(12);
    let needs = Needs::of(&universe);
    let uninstallable = UninstallableSet::new(&universe, &needs);
    let guests: Vec<PackageId> = (0..=12)
        .flat_map(|guest| universe.versions_of(&format!("guest{guest}")).iter().copied())
        .collect();
    let mut checker = Checker::new(&universe, View::Everything, &uninstallable);
    checker.rounds(universe.versions_of("all"));
    let met = checker.solver.engine.contradictions();
    assert!((100..=LEAST_FOR_A_ROUND + 1).contains(&met), "{met}");
    // Each is installable by itself, and shown to be.
    let findings = Checker::new(&universe, View::Everything, &uninstallable).check(&guests);
    assert!(findings.uninstallable.is_empty() && findings.unknown.is_empty());
    assert!(guests.iter().all(|guest| findings.installable.contains(guest)));
}
