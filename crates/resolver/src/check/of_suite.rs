//! What is installable of one suite.
//!
//! Most of it with nothing of the others, since the packages of a suite were made to go together: beside those of other suites each choice is
//! between more of them, and most of what is tried first contradicts something. The rest may need the others.

use super::checker::{Checker, Findings, View};
use super::uninstallable_set::UninstallableSet;
use crate::index_vec::Notes;
use crate::search::Outcome;
use crate::universe::{PackageId, Universe};

/// Finds out of those of some packages that are of a suite whether they can be installed.
pub(super) fn check_suite(
    universe: &Universe,
    suite: &[PackageId],
    packages: &[PackageId],
    uninstallable: &UninstallableSet<'_>,
) -> Findings {
    let of_suite = notes(suite);
    let mut open: Vec<PackageId> = packages
        .iter()
        .copied()
        .filter(|package| of_suite.get(*package))
        .collect();
    let within = with_essentials(universe, suite);
    let mut alone = Checker::new(universe, View::Only(&within), uninstallable);
    // Beside what is essential elsewhere a suite may have no Essential set of its own.
    let mut installable = match alone.solve_essentials() {
        Outcome::Found => alone.check(&open).installable,
        Outcome::Unsat(_) | Outcome::GivenUp => Vec::new(),
    };
    let found = notes(&installable);
    open.retain(|package| !found.get(*package));
    let mut findings = Checker::new(universe, View::First(&of_suite), uninstallable).check(&open);
    findings.installable.append(&mut installable);
    findings
}

/// Returns the packages of a suite, and the essential ones of names of which it has none: what can be installed among them can be installed
/// in the whole universe.
fn with_essentials(universe: &Universe, suite: &[PackageId]) -> Notes<PackageId, bool> {
    let mut within = notes(suite);
    for versions in universe.essentials() {
        if !versions.iter().any(|package| within.get(*package)) {
            for package in versions {
                within.set(package, true);
            }
        }
    }
    within
}

fn notes(packages: &[PackageId]) -> Notes<PackageId, bool> {
    let mut notes = Notes::new();
    for package in packages {
        notes.set(*package, true);
    }
    notes
}
