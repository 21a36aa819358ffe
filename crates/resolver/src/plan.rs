//! What to do, and in which order.

mod dpkg;
mod order;
mod reasons;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::message;
use crate::request::Request;
use crate::select::Selection;
use crate::universe::{ArchitectureId, NameId, PackageId, Universe};

pub use dpkg::NoOrder;
pub use order::Step;

/// What to do so that a request is met. Each list is in the order of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Packages that come.
    pub install: Vec<Addition>,
    /// Packages that are replaced by later versions.
    pub upgrade: Vec<Change>,
    /// Packages that are replaced by earlier versions.
    pub downgrade: Vec<Change>,
    /// Packages that are unpacked again in the same version: from other bytes.
    pub reinstall: Vec<Change>,
    /// Packages that go.
    pub remove: Vec<Removal>,
    /// All of it, step by step.
    pub steps: Vec<Step>,
}

/// A package that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addition {
    /// Which one.
    pub package: PackageId,
    /// What it is for.
    pub why: Why,
}

/// A package that becomes another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What is installed.
    pub from: PackageId,
    /// What will be.
    pub to: PackageId,
    /// What that is for.
    pub why: Why,
}

/// A package that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Which one.
    pub package: PackageId,
    /// Why nothing works with it, each a sentence, the one that says most about it first; empty where its removal was asked for.
    pub reasons: Vec<String>,
}

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was asked for: by name, or by asking for upgrades.
    Requested,
    /// This one needs it.
    NeededBy(PackageId),
    /// This one recommends it.
    RecommendedBy(PackageId),
    /// This one breaks the version that was there, or conflicts with it.
    Displaced(PackageId),
}

impl Plan {
    /// Compares what is installed with what shall be.
    pub(crate) fn new(universe: &Universe, request: &Request, selection: Selection) -> Self {
        let whys = reasons::whys(universe, request, &selection.packages);
        let mut plan = Self::default();
        let mut before: HashMap<(NameId, ArchitectureId), PackageId> = HashMap::new();
        let slot = |id: PackageId| (universe.package(id).name, universe.machine(id));
        for installed in &request.installed {
            before.insert(slot(installed.package), installed.package);
        }
        let after: HashSet<_> = selection.packages.iter().map(|package| slot(*package)).collect();
        for package in selection.packages.iter().copied() {
            let why = whys.get(&package).copied();
            match before.get(&slot(package)).copied() {
                None => {
                    let why = why.unwrap_or(Why::Requested);
                    plan.install.push(Addition { package, why });
                }
                Some(same) if same == package => {}
                Some(from) => {
                    let to = package;
                    let why = why.or_else(|| reasons::displaced(universe, &selection.packages, from, to));
                    let why = why.unwrap_or(Why::Requested);
                    plan.change(universe, Change { from, to, why });
                }
            }
        }
        let mut because: HashMap<PackageId, _> = selection.removed.into_iter().collect();
        for (_, package) in before.into_iter().filter(|(slot, _)| !after.contains(slot)) {
            let facts = because.remove(&package).unwrap_or_default();
            let reasons =
                message::removal_sentences(universe, request, &facts, (package, &selection.packages));
            plan.remove.push(Removal { package, reasons });
        }
        plan.sort(universe);
        let installed: Vec<PackageId> = request.installed.iter().map(|at| at.package).collect();
        plan.steps = order::steps(universe, &installed, &plan);
        plan
    }

    fn change(&mut self, universe: &Universe, change: Change) {
        let versions = [change.from, change.to].map(|id| universe.package(id).version);
        let [from, to] = versions.map(|version| universe.rank(version));
        if versions.first() == versions.last() {
            self.reinstall.push(change);
        } else if to < from {
            self.downgrade.push(change);
        } else {
            self.upgrade.push(change);
        }
    }

    fn sort(&mut self, universe: &Universe) {
        let key = |id: PackageId| (universe.name(id), universe.architecture(id));
        self.install.sort_by_key(|addition| key(addition.package));
        self.upgrade.sort_by_key(|change| key(change.to));
        self.downgrade.sort_by_key(|change| key(change.to));
        self.reinstall.sort_by_key(|change| key(change.to));
        self.remove.sort_by_key(|removal| key(removal.package));
    }

    /// Says whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns what is replaced, by another version or by other bytes of the same.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.upgrade.iter().chain(&self.downgrade).chain(&self.reinstall)
    }

    /// Returns the packages that are unpacked: those that come, and what others become.
    pub fn unpacked(&self) -> impl Iterator<Item = PackageId> {
        let added = self.install.iter().map(|addition| addition.package);
        added.chain(self.changes().map(|change| change.to))
    }

    /// Returns the bytes to download.
    pub fn download_bytes(&self, universe: &Universe) -> u64 {
        self.unpacked()
            .fold(0, |sum, package| sum.saturating_add(universe.size(package)))
    }
}
