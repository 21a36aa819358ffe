//! Which installed packages an upgrade leaves behind their newest versions.

use std::collections::HashSet;

use crate::plan::Plan;
use crate::request::{Hold, Request};
use crate::universe::{PackageId, Universe};
use crate::versions::{is_earlier, is_upgraded, newest_first};

/// A package that stays behind its newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBack {
    /// What is installed after the plan.
    pub package: PackageId,
    /// The version that it does not become.
    pub newest: PackageId,
}

/// Returns the packages that were to be upgraded and stay behind their newest versions, by name. Held packages are not among them:
/// whoever holds a package knows.
pub fn kept_back(universe: &Universe, request: &Request, plan: &Plan) -> Vec<KeptBack> {
    let gone: HashSet<PackageId> = plan.remove.iter().map(|removal| removal.package).collect();
    let stays = request.installed.iter().filter(|installed| {
        installed.hold == Hold::Free
            && !gone.contains(&installed.package)
            && is_upgraded(universe, request, installed.package)
    });
    let mut found: Vec<KeptBack> = stays
        .filter_map(|installed| {
            let newest = *newest_first(universe, installed.package).first()?;
            let change = plan.changes().find(|change| change.from == installed.package);
            let package = change.map_or(installed.package, |change| change.to);
            is_earlier(universe, package, newest).then_some(KeptBack { package, newest })
        })
        .collect();
    found.sort_by_key(|one| (universe.name(one.package), universe.architecture(one.package)));
    found
}
