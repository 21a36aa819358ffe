//! Why dpkg would not carry a plan out: better said before anything is touched than in the middle.

use std::collections::{HashMap, HashSet};

use super::order::unequal_halves;
use super::{Plan, Step};
use crate::refusal::Refusal;
use crate::universe::{ArchitectureId, Field, NameId, PackageId, RelationContext, Standing, Universe};

/// Why dpkg would not carry a plan out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoOrder {
    /// The package that cannot come.
    pub package: PackageId,
    /// Why it cannot.
    pub refusal: Refusal,
}

impl Plan {
    /// Says why dpkg cannot carry it out on what is installed: an essential or protected package would have to be removed before its next
    /// version is unpacked, a package pre-depends on what cannot be configured without it, or is broken by what is there. Whoever has no use
    /// for the order of the steps need not care.
    pub fn refused_by_dpkg(
        &self,
        universe: &Universe,
        installed: impl IntoIterator<Item = PackageId>,
    ) -> Option<NoOrder> {
        let no_order = |package, refusal| Some(NoOrder { package, refusal });
        let mut machine = Machine::with(universe, installed);
        let mut given_way = None;
        let mut steps = self.steps.as_slice();
        loop {
            let (together, rest) = configured_together(steps);
            if let Some((package, breaker)) = machine.broken_among(&together) {
                return no_order(package, Refusal::broken_by(universe, package, breaker));
            }
            if let Some((package, half)) = machine.unequal_among(&together) {
                return no_order(package, Refusal::beside_half(universe, package, half));
            }
            if let Some((package, unmet)) = machine.configure(&together) {
                return no_order(package, Refusal::not_there_before(universe, package, &unmet));
            }
            let (step, rest) = rest.split_first()?;
            steps = rest;
            match *step {
                Step::GiveWay(old) => {
                    let is_changed = self.changes().any(|change| change.from == old);
                    if is_changed && universe.is_protected(old) {
                        given_way = given_way.or(Some(old));
                    }
                    machine.remove(old);
                }
                Step::Remove(old) | Step::Replaced(old) => machine.remove(old),
                Step::Unpack(new) => {
                    if let Some(old) = given_way {
                        return no_order(new, Refusal::given_way(universe, new, old));
                    }
                    if let Some(old) = machine.protected_from(new) {
                        return no_order(new, Refusal::breaks_protected(universe, new, old));
                    }
                    if let Some(several) = machine.several_broken(new) {
                        return no_order(new, Refusal::breaks_several(universe, new, &several));
                    }
                    if let Some(unmet) = machine.unmet_before(new) {
                        return no_order(new, Refusal::not_there_before(universe, new, &unmet));
                    }
                    machine.unpack(new);
                }
                Step::Configure(_) => unreachable!("all that are configured together are taken at once"),
            }
        }
    }
}

/// Returns the packages that the first steps configure, and the other steps: dpkg configures them by one call, in which it cuts circles.
fn configured_together(steps: &[Step]) -> (Vec<PackageId>, &[Step]) {
    let configured = steps.iter().map_while(|step| match step {
        Step::Configure(package) => Some(*package),
        _ => None,
    });
    let together: Vec<PackageId> = configured.collect();
    let rest = steps
        .get(together.len()..)
        .expect("the first steps are some of the steps");
    (together, rest)
}

/// What dpkg has, step by step: of each name and architecture the version that is unpacked and the one that was configured last.
struct Machine<'u> {
    universe: &'u Universe,
    unpacked: HashSet<PackageId>,
    configured: HashMap<(NameId, ArchitectureId), PackageId>,
    /// What was configured and is not any more, since something that was unpacked breaks it, or its other half is of another version.
    deconfigured: HashSet<PackageId>,
    /// What is broken, by what that is unpacked.
    broken: HashMap<PackageId, Vec<PackageId>>,
}

impl<'u> Machine<'u> {
    fn with(universe: &'u Universe, installed: impl IntoIterator<Item = PackageId>) -> Self {
        let mut machine = Self {
            universe,
            unpacked: HashSet::new(),
            configured: HashMap::new(),
            deconfigured: HashSet::new(),
            broken: HashMap::new(),
        };
        for package in installed {
            machine.add(package);
        }
        let all = machine
            .unpacked
            .iter()
            .map(|package| (machine.slot(*package), *package));
        machine.configured = all.collect();
        machine
    }

    fn slot(&self, package: PackageId) -> (NameId, ArchitectureId) {
        (
            self.universe.package(package).name,
            self.universe.machine(package),
        )
    }

    fn add(&mut self, package: PackageId) {
        for broken in broken_by(self.universe, package) {
            self.broken.entry(broken).or_default().push(package);
        }
        self.unpacked.insert(package);
    }

    fn forget(&mut self, package: PackageId) {
        let universe = self.universe;
        let slot = |other| (universe.package(other).name, universe.machine(other));
        let gone = self.unpacked.extract_if(|other| slot(*other) == slot(package));
        for gone in gone {
            for broken in broken_by(universe, gone) {
                let breakers = self.broken.entry(broken).or_default();
                breakers.retain(|breaker| *breaker != gone);
            }
        }
    }

    fn remove(&mut self, package: PackageId) {
        self.forget(package);
        self.configured.remove(&self.slot(package));
    }

    fn unpack(&mut self, package: PackageId) {
        self.forget(package);
        self.deconfigured.extend(broken_by(self.universe, package));
        self.deconfigured.extend(unequal_halves(self.universe, package));
        self.add(package);
    }

    /// Returns a protected package that one breaks: dpkg would have to deconfigure it, and does not.
    fn protected_from(&self, package: PackageId) -> Option<PackageId> {
        let mut broken = broken_by(self.universe, package);
        broken.find(|old| self.is_configured(*old) && self.universe.is_protected(*old))
    }

    /// Returns what is configured and what one relation of a package breaks, where that is more than one: dpkg deconfigures a single one for each
    /// relation.
    ///
    /// Source: dpkg's `depisok` and `check_breaks`.
    fn several_broken(&self, package: PackageId) -> Option<Vec<PackageId>> {
        let mut known: HashSet<PackageId> = HashSet::new();
        let mut groups = self.universe.related(package, Field::Breaks).iter();
        groups.find_map(|group| {
            let broken = self.universe.conflicting(package, *group);
            let mut broken: Vec<PackageId> = broken
                .filter(|old| self.is_configured(*old) && !known.contains(old))
                .collect();
            broken.sort_unstable();
            broken.dedup();
            known.extend(&broken);
            (broken.len() > 1).then_some(broken)
        })
    }

    /// Returns one of some packages that something which is unpacked breaks, with that: dpkg does not configure it.
    ///
    /// Source: dpkg's `breakses_ok`.
    fn broken_among(&self, together: &[PackageId]) -> Option<(PackageId, PackageId)> {
        together.iter().find_map(|package| {
            let breakers = self.broken.get(package)?;
            Some((*package, *breakers.first()?))
        })
    }

    /// Returns one of some packages of which another half is unpacked in another version, with that: dpkg configures neither.
    ///
    /// Source: dpkg's `deferred_configure`.
    fn unequal_among(&self, together: &[PackageId]) -> Option<(PackageId, PackageId)> {
        together.iter().find_map(|package| {
            let mut halves = unequal_halves(self.universe, *package);
            Some((*package, halves.find(|half| self.unpacked.contains(half))?))
        })
    }

    /// Configures packages by one call, or returns one that cannot be, with what it needs.
    fn configure(&mut self, together: &[PackageId]) -> Option<(PackageId, Vec<PackageId>)> {
        for package in together {
            self.deconfigured.remove(package);
            self.configured.insert(self.slot(*package), *package);
        }
        together.iter().find_map(|package| {
            let unmet = self.unmet(*package, &[Field::PreDepends, Field::Depends], |_, one, _| {
                self.is_configured(one)
            });
            Some((*package, unmet?))
        })
    }

    fn is_configured(&self, package: PackageId) -> bool {
        self.unpacked.contains(&package)
            && !self.deconfigured.contains(&package)
            && self.configured.get(&self.slot(package)) == Some(&package)
    }

    /// Returns what could meet a need that a package pre-depends on, where none of it is there: configured, or unpacked and configured once,
    /// both in versions of that name. What is configured and the package itself breaks is not: it is deconfigured for the package. dpkg takes it
    /// where the control file has `Pre-Depends` before `Breaks`, but an index need not have the fields in that order.
    ///
    /// Source: dpkg's `depisok` and `process_archive`.
    fn unmet_before(&self, package: PackageId) -> Option<Vec<PackageId>> {
        let broken: HashSet<PackageId> = broken_by(self.universe, package).collect();
        self.unmet(package, &[Field::PreDepends], |standing, one, named| {
            if self.is_configured(one) {
                return !broken.contains(&one);
            }
            let once = self.configured.get(&self.slot(one));
            let was_configured = !standing.is_provider && once.is_some_and(|once| named.contains(once));
            was_configured && self.unpacked.contains(&one)
        })
    }

    /// Returns what could meet a need of a package that nothing meets. `is_there` says it of a package, by where it stands among those that
    /// could, and those of them that have the name itself.
    fn unmet(
        &self,
        package: PackageId,
        fields: &[Field],
        is_there: impl Fn(Standing, PackageId, &[PackageId]) -> bool,
    ) -> Option<Vec<PackageId>> {
        let context = RelationContext::Need(self.universe.package(package).architecture);
        let groups = fields
            .iter()
            .flat_map(|field| self.universe.related(package, *field));
        groups.copied().find_map(|group| {
            let standing = self.universe.standing(group, context);
            let named = standing.iter().filter(|(standing, _)| !standing.is_provider);
            let named: Vec<PackageId> = named.map(|(_, package)| *package).collect();
            let mut all = standing.iter();
            let is_met = all.any(|(standing, one)| is_there(*standing, *one, &named));
            (!is_met).then(|| standing.into_iter().map(|(_, package)| package).collect())
        })
    }
}

/// Returns whatever a package breaks.
fn broken_by(universe: &Universe, package: PackageId) -> impl Iterator<Item = PackageId> {
    let groups = universe.related(package, Field::Breaks).iter();
    groups.flat_map(move |group| universe.conflicting(package, *group))
}
