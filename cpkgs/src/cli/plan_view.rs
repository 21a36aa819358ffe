//! A plan as people and machines see it.

use cpkgs::resolver_input::ResolverInput;
use resolver::kept_back::KeptBack;
use resolver::plan::{Plan, Why};
use resolver::universe::{PackageId, Universe};
use serde::Serialize;

/// A package as `--json` names it.
#[derive(Debug, Serialize)]
struct NamedView<'u> {
    name: &'u str,
    version: &'u str,
    architecture: &'u str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'u str>,
}

/// A plan as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct PlanView<'u> {
    install: Vec<NamedView<'u>>,
    upgrade: Vec<NamedView<'u>>,
    downgrade: Vec<NamedView<'u>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reinstall: Vec<NamedView<'u>>,
    remove: Vec<NamedView<'u>>,
    /// What an upgrade leaves behind: `from` is installed, `version` is the newest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept_back: Vec<NamedView<'u>>,
    download_bytes: u64,
}

/// Returns the plan for machines.
pub(super) fn view<'u>(input: &'u ResolverInput<'_>, plan: &Plan, kept: &[KeptBack]) -> PlanView<'u> {
    let universe = &input.universe;
    let named = |package: PackageId, from: Option<PackageId>| NamedView {
        name: universe.name(package),
        version: universe.version(package),
        architecture: universe.architecture(package),
        from: from.map(|from| universe.version(from)),
    };
    let changes = |changes: &[resolver::plan::Change]| -> Vec<NamedView<'u>> {
        changes
            .iter()
            .map(|change| named(change.to, Some(change.from)))
            .collect()
    };
    // A file that was named is here.
    let comes = plan.unpacked().filter(|package| input.file(*package).is_none());
    PlanView {
        install: plan
            .install
            .iter()
            .map(|addition| named(addition.package, None))
            .collect(),
        upgrade: changes(&plan.upgrade),
        downgrade: changes(&plan.downgrade),
        reinstall: changes(&plan.reinstall),
        remove: plan
            .remove
            .iter()
            .map(|removal| named(removal.package, None))
            .collect(),
        kept_back: kept
            .iter()
            .map(|kept| named(kept.newest, Some(kept.package)))
            .collect(),
        download_bytes: comes
            .map(|package| universe.size(package))
            .fold(0, u64::saturating_add),
    }
}

/// Says what a package comes for; nothing when it was asked for.
pub(super) fn why_text(universe: &Universe, why: Why) -> Option<String> {
    match why {
        Why::Requested => None,
        Why::NeededBy(other) => Some(format!("{} needs it", universe.name(other))),
        Why::RecommendedBy(other) => Some(format!("{} recommends it", universe.name(other))),
        Why::Displaced(other) => Some(format!("{} breaks the installed one", universe.name(other))),
    }
}
