//! The order of unpacking and configuring.
//!
//! What a package needs is configured before it; packages that need each other are unpacked together and configured
//! after that; and what a package pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2. What breaks or
//! conflicts with an installed version is unpacked after the version that replaces that one, and the halves of a
//! `Multi-Arch: same` pair one after the other. What an installed version breaks, and a half of such a pair, is configured
//! when that version, or another one of the other half, is not there any more.
//!
//! Packages go first, as long as nothing that stays until then needs them; else last, when what needed them has changed or
//! what takes their place is there. One that is needed and cannot be beside what comes goes in the middle: see [`removals`].

mod circle;
mod components;
mod obstacles;
mod preference;
mod removals;

use std::collections::{HashMap, HashSet};

use super::Plan;
use crate::universe::{Field, PackageId, RelationContext, Universe};
use circle::Circle;
use components::components;
use obstacles::Obstacles;
use preference::by_preference;
use removals::Removals;

pub(super) use obstacles::unequal_halves;

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A package is removed; nothing that is installed then needs it.
    Remove(PackageId),
    /// A package is removed although something that is installed needs it: what is unpacked next conflicts with it. Where it changes, its next
    /// version is unpacked after that.
    GiveWay(PackageId),
    /// A package is removed although something that is installed needs it: what was unpacked last breaks it, and most often has its files; or it
    /// breaks what is configured next.
    Replaced(PackageId),
    /// A package is unpacked, over its other version where that is installed.
    Unpack(PackageId),
    /// A package is configured.
    Configure(PackageId),
}

const ALL: [Field; 2] = [Field::PreDepends, Field::Depends];

/// Returns the steps of a plan.
pub(super) fn steps(universe: &Universe, installed: &[PackageId], plan: &Plan) -> Vec<Step> {
    let removed: Vec<PackageId> = plan.remove.iter().map(|removal| removal.package).collect();
    let unpacked: Vec<PackageId> = plan.unpacked().collect();
    let needed = needed_meanwhile(universe, installed, &removed);
    let changed: HashMap<PackageId, PackageId> =
        plan.changes().map(|change| (change.from, change.to)).collect();
    let kept = installed.iter().filter(|package| !removed.contains(package));
    let mut order = Ordering {
        universe,
        installed: &kept.copied().collect(),
        changed: &changed,
        replaced: &changed,
        in_conflict: &HashMap::new(),
        obstacles: &Obstacles::default(),
    };
    // Whatever needs something goes before it.
    let groups = order.ordered(&removed, &ALL).into_iter().rev();
    let (needed, first): (Vec<_>, Vec<_>) = groups.flatten().partition(|package| needed.contains(package));
    let mut removals = Removals::new(universe, &unpacked, needed, &changed);
    let replaced = changed.iter().map(|(from, to)| (*from, *to));
    let replaced = replaced.chain(removals.replaced()).collect();
    let in_conflict = in_conflict(universe, &unpacked, &changed);
    let old: Vec<PackageId> = changed.keys().copied().collect();
    let obstacles = Obstacles::new(universe, &unpacked, &old);
    order.replaced = &replaced;
    order.in_conflict = &in_conflict;
    order.obstacles = &obstacles;
    let mut arriving = Vec::new();
    for group in order.ordered(&unpacked, &ALL) {
        order.push_group(&group, &mut arriving);
    }
    let first = first.into_iter().map(Step::Remove);
    first.chain(removals.place(arriving, &changed)).collect()
}

/// Returns the packages that go and that something else needs as long as it is as it is: it stays, or changes later.
fn needed_meanwhile(
    universe: &Universe,
    installed: &[PackageId],
    removed: &[PackageId],
) -> HashSet<PackageId> {
    let mut needed = HashSet::new();
    if removed.is_empty() {
        return needed;
    }
    let here: HashSet<PackageId> = installed.iter().copied().collect();
    let mut first: HashSet<PackageId> = removed.iter().copied().collect();
    // What is kept for a while needs its own dependencies as long.
    loop {
        let before = needed.len();
        for package in installed.iter().filter(|package| !first.contains(package)) {
            for field in ALL {
                for group in universe.related(*package, field) {
                    let context = RelationContext::Need(universe.package(*package).architecture);
                    let met = universe.candidates(*group, context).into_iter();
                    let met: Vec<PackageId> = met.filter(|other| here.contains(other)).collect();
                    // What was not met before is no reason.
                    if met.iter().all(|other| first.contains(other)) {
                        needed.extend(met);
                    }
                }
            }
        }
        if needed.len() == before {
            return needed;
        }
        first.retain(|package| !needed.contains(package));
    }
}

/// Returns what comes with what changes of which one conflicts with the other, whichever of the two says so.
fn in_conflict(
    universe: &Universe,
    unpacked: &[PackageId],
    changed: &HashMap<PackageId, PackageId>,
) -> HashMap<PackageId, Vec<PackageId>> {
    let old: Vec<PackageId> = changed.keys().copied().collect();
    let mut in_conflict: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
    for (new, old) in removals::pairs(universe, unpacked, &old, Field::Conflicts) {
        in_conflict.entry(new).or_default().push(old);
    }
    // The order of the keys is nobody's.
    for old in in_conflict.values_mut() {
        old.sort_unstable();
        old.dedup();
    }
    in_conflict
}

fn conflicting(universe: &Universe, package: PackageId) -> impl Iterator<Item = PackageId> {
    [Field::Conflicts, Field::Breaks]
        .into_iter()
        .flat_map(move |field| universe.related(package, field))
        .flat_map(move |group| universe.conflicting(package, *group))
}

/// What decides on the order.
struct Ordering<'a> {
    universe: &'a Universe,
    /// What is installed and does not go.
    installed: &'a HashSet<PackageId>,
    /// What is installed and becomes another version.
    changed: &'a HashMap<PackageId, PackageId>,
    /// What is installed and is replaced, with what replaces it: also what goes and is broken by what comes.
    replaced: &'a HashMap<PackageId, PackageId>,
    /// What comes, with what it is in conflict with of what changes.
    in_conflict: &'a HashMap<PackageId, Vec<PackageId>>,
    /// What comes, with what stands against it of what changes.
    obstacles: &'a Obstacles,
}

impl Ordering<'_> {
    /// Appends the steps of packages that need each other, or should be replaced before each other. dpkg can do without the latter, but for
    /// conflicts and essential packages: it holds as far as it does not stand against what is needed.
    fn push_group(&self, group: &[PackageId], steps: &mut Vec<Step>) {
        let needed = |package: PackageId| -> Vec<PackageId> {
            needs(self.universe, package, &ALL)
                .chain(self.replaced_before(package))
                .chain(self.obstacle_successors(package))
                .chain(self.other_halves(package))
                .collect()
        };
        let circles = self.grouped(group, needed);
        let better = |package: PackageId| self.replacements(package).collect();
        for place in by_preference(&circles, needed, better) {
            match circles.get(place).map(Vec::as_slice) {
                Some([package]) => steps.extend([Step::Unpack(*package), Step::Configure(*package)]),
                Some(circle) => Circle::new(self, circle, steps).push(steps),
                None => {}
            }
        }
    }

    /// Says whether all that a package pre-depends on is there once some steps are done. An installed version that is replaced is still enough
    /// for dpkg where its next one meets the need too, configured or not, but for what it only provides. One that the package itself breaks or
    /// conflicts with is not. Source: Debian Policy 7.2 and dpkg's `depisok`.
    fn is_met(&self, package: PackageId, steps: &[Step]) -> bool {
        let context = RelationContext::Need(self.universe.package(package).architecture);
        let groups = self.universe.related(package, Field::PreDepends);
        groups.iter().all(|group| {
            let candidates = self.universe.standing(*group, context);
            let is_meant = |package: &PackageId| {
                let mut named = candidates.iter().filter(|(standing, _)| !standing.is_provider);
                named.any(|(_, other)| other == package)
            };
            candidates.iter().any(|(standing, one)| {
                if self.is_driven_out(*one, package, steps) {
                    return false;
                }
                if standing.is_provider {
                    return self.is_configured(*one, steps);
                }
                let is_enough = self.changed.get(one).is_some_and(is_meant);
                steps.contains(&Step::Configure(*one))
                    || self.is_installed(*one, steps)
                    || is_enough && !steps.contains(&Step::GiveWay(*one))
            })
        })
    }

    /// Says whether an installed version is deconfigured for a package that is unpacked next, since that breaks it, or has to go before, since the two
    /// are in conflict. What something else had deconfigured before stays as it is.
    fn is_driven_out(&self, old: PackageId, package: PackageId, steps: &[Step]) -> bool {
        let in_conflict = self.in_conflict.get(&package);
        self.is_installed(old, steps) && in_conflict.is_some_and(|olds| olds.contains(&old))
            || self.is_configured(old, steps) && conflicting(self.universe, package).any(|other| other == old)
    }

    /// Says whether a package has all that it needs by some fields.
    fn is_all_there(
        &self,
        package: PackageId,
        fields: &[Field],
        is_there: impl Fn(&PackageId) -> bool,
    ) -> bool {
        let context = RelationContext::Need(self.universe.package(package).architecture);
        let mut groups = fields
            .iter()
            .flat_map(|field| self.universe.related(package, *field));
        groups.all(|group| self.universe.candidates(*group, context).iter().any(&is_there))
    }

    /// Says whether an installed version is there once some steps are done.
    fn is_installed(&self, package: PackageId, steps: &[Step]) -> bool {
        let is_replaced = self.changed.get(&package).is_some_and(|next| {
            steps.contains(&Step::Unpack(*next)) || steps.contains(&Step::GiveWay(package))
        });
        self.installed.contains(&package) && !is_replaced
    }

    /// Says whether a package is there and configured once some steps are done: dpkg deconfigures what is broken by what it unpacks, and the other
    /// half of that.
    fn is_configured(&self, package: PackageId, steps: &[Step]) -> bool {
        let is_broken = || {
            steps.iter().any(|step| match step {
                Step::Unpack(new) => {
                    conflicting(self.universe, *new).any(|old| old == package)
                        || unequal_halves(self.universe, *new).any(|old| old == package)
                }
                _ => false,
            })
        };
        steps.contains(&Step::Configure(package)) || self.is_installed(package, steps) && !is_broken()
    }

    /// Groups packages that need each other, or have to be replaced before each other, and puts what is needed first.
    fn ordered(&self, packages: &[PackageId], fields: &[Field]) -> Vec<Vec<PackageId>> {
        self.grouped(packages, |package| {
            needs(self.universe, package, fields)
                .chain(self.replacements(package))
                .chain(self.conflict_successors(package))
                .chain(self.obstacle_successors(package))
                .chain(self.other_halves(package))
                .collect()
        })
    }

    /// Groups packages that come before each other, and puts what comes before others first.
    fn grouped(
        &self,
        packages: &[PackageId],
        before: impl Fn(PackageId) -> Vec<PackageId>,
    ) -> Vec<Vec<PackageId>> {
        let places: HashMap<PackageId, usize> = packages
            .iter()
            .enumerate()
            .map(|(place, id)| (*id, place))
            .collect();
        let edges = packages.iter().map(|package| {
            let others = before(*package).into_iter();
            others.filter_map(|other| places.get(&other).copied()).collect()
        });
        let edges: Vec<Vec<usize>> = edges.collect();
        let named = |group: Vec<usize>| {
            group
                .into_iter()
                .filter_map(|place| packages.get(place).copied())
                .collect()
        };
        components(&edges).into_iter().map(named).collect()
    }

    /// Returns the other packages of the name of one: of those that come, its halves for other architectures.
    fn other_halves(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let named = self.universe.named(self.universe.package(package).name);
        named.iter().copied().filter(move |other| *other != package)
    }

    /// Returns what replaces the installed versions that a package is in conflict with: it is unpacked before it.
    fn conflict_successors(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let olds = self.in_conflict.get(&package).into_iter().flatten();
        olds.filter_map(|old| self.changed.get(old).copied())
    }

    /// Returns what replaces the installed versions that a package is not configured beside: it is unpacked before.
    fn obstacle_successors(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let olds = self.obstacles.to_configuring(package);
        olds.filter_map(|old| self.changed.get(&old).copied())
    }

    /// Returns what replaces the installed versions that a package breaks several of by one relation.
    fn crowd_successors(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let crowded = self.obstacles.crowded(package);
        crowded.filter_map(|old| self.changed.get(&old).copied())
    }

    /// Returns what replaces the essential packages that a package breaks: dpkg does not deconfigure them, and so it is unpacked before it.
    fn essential_replacements(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        let replaced = self.replacements(package);
        replaced.filter(|other| self.universe.is_essential(*other))
    }

    /// Returns what has to be unpacked before a package.
    fn replaced_before(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        self.essential_replacements(package)
            .chain(self.conflict_successors(package))
            .chain(self.crowd_successors(package))
    }

    /// Returns what replaces the installed versions that a package cannot be beside.
    fn replacements(&self, package: PackageId) -> impl Iterator<Item = PackageId> {
        conflicting(self.universe, package).filter_map(|other| self.replaced.get(&other).copied())
    }
}

/// Returns whatever could meet the needs of a package.
fn needs<'u>(
    universe: &'u Universe,
    package: PackageId,
    fields: &[Field],
) -> impl Iterator<Item = PackageId> + use<'u> {
    let context = RelationContext::Need(universe.package(package).architecture);
    let groups: Vec<_> = fields
        .iter()
        .flat_map(|field| universe.related(package, *field))
        .copied()
        .collect();
    groups
        .into_iter()
        .flat_map(move |group| universe.candidates(group, context))
}
