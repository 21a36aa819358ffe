//! The order of packages that need each other, or whose next versions wait for each other.
//!
//! dpkg unpacks nothing beside what it conflicts with, and nothing without what it pre-depends on; what it depends on matters when it is
//! configured, and can come later; and so can what replaces an obstacle to that. Source: Debian Policy 7.2, 7.3 and 7.4.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::{ALL, Ordering, Step, needs};
use crate::universe::{Field, PackageId};

/// What is left to do of a circle.
pub(super) struct Circle<'a> {
    order: &'a Ordering<'a>,
    /// What each package needs of the circle to be configured, at once and in turn; what replaces an obstacle to that counts, too.
    needed: HashMap<PackageId, HashSet<PackageId>>,
    /// What has to be configured before each one is unpacked.
    first: HashMap<PackageId, HashSet<PackageId>>,
    /// What is unpacked as long as each one is still there in the version that is installed, since that is what they pre-depend on.
    using: HashMap<PackageId, HashSet<PackageId>>,
    /// What is not unpacked.
    left: Vec<PackageId>,
    /// What is unpacked and not configured.
    waiting: Vec<PackageId>,
}

impl<'a> Circle<'a> {
    pub(super) fn new(order: &'a Ordering<'a>, packages: &[PackageId], steps: &[Step]) -> Self {
        let of_circle = |package: PackageId, fields: &[Field]| -> Vec<PackageId> {
            let needed = needs(order.universe, package, fields);
            needed.filter(|other| packages.contains(other)).collect()
        };
        let direct: HashMap<PackageId, Vec<PackageId>> = packages
            .iter()
            .map(|package| {
                let breakers = order.obstacle_successors(*package);
                let breakers = breakers.filter(|other| packages.contains(other));
                (
                    *package,
                    of_circle(*package, &ALL).into_iter().chain(breakers).collect(),
                )
            })
            .collect();
        let mut circle = Self {
            order,
            needed: packages
                .iter()
                .map(|package| (*package, in_turn(*package, &direct)))
                .collect(),
            first: HashMap::new(),
            using: HashMap::new(),
            left: Vec::new(),
            waiting: Vec::new(),
        };
        let awaited = |package: PackageId| -> Vec<PackageId> {
            let replaced = order
                .replaced_before(package)
                .chain(order.obstacle_successors(package))
                .filter(|other| packages.contains(other));
            of_circle(package, &ALL).into_iter().chain(replaced).collect()
        };
        let awaited: HashMap<PackageId, Vec<PackageId>> = packages
            .iter()
            .map(|package| (*package, awaited(*package)))
            .collect();
        for package in packages {
            let wanted = of_circle(*package, &[Field::PreDepends]);
            let circular = wanted.iter().copied();
            let circular =
                circular.filter(|other| other != package && in_turn(*other, &awaited).contains(package));
            let circular: Vec<PackageId> = circular.collect();
            circle.wait_for(*package, &wanted, &circular, steps);
        }
        let before = |package: PackageId| {
            let others = circle.first.get(&package).into_iter().flatten().copied();
            others
                .chain(circle.using.get(&package).into_iter().flatten().copied())
                .chain(order.replaced_before(package))
                .chain(order.other_halves(package))
                .collect()
        };
        let left = order.grouped(packages, before).into_iter().flatten().collect();
        circle.left = left;
        circle
    }

    /// Notes what has to be configured before a package is unpacked. Where that cannot be without the package itself, the installed version
    /// is enough if it does.
    fn wait_for(&mut self, package: PackageId, wanted: &[PackageId], circular: &[PackageId], steps: &[Step]) {
        if !circular.is_empty() && self.order.is_met(package, steps) {
            for other in circular {
                self.using.entry(*other).or_default().insert(package);
            }
            return;
        }
        let first = wanted.iter().filter_map(|other| self.needed.get(other));
        let first = first.flatten().copied().filter(|other| *other != package);
        self.first.insert(package, first.collect());
    }

    /// Appends the steps: each package is unpacked as soon as nothing stands against it, and configured as soon as all that it needs is unpacked.
    pub(super) fn push(mut self, steps: &mut Vec<Step>) {
        while !self.left.is_empty() {
            let place = match self.next(steps, Until::Configured) {
                Some(place) => place,
                None if self.configure_beside_old(steps) => continue,
                None => {
                    let place = self.next(steps, Until::Unpacked);
                    let place = place.or_else(|| self.next_by_removal(steps));
                    place.unwrap_or_else(|| self.configure_for_next(steps))
                }
            };
            let package = self.left.remove(place);
            let in_the_way = self.in_the_way(package, steps);
            steps.extend(in_the_way.into_iter().map(Step::GiveWay));
            steps.push(Step::Unpack(package));
            self.waiting.push(package);
            self.configure_ready(steps);
        }
    }

    /// Returns the place of what can be unpacked next, and should be before others. What is installed is left as it is until then for what
    /// pre-depends on it.
    fn next(&self, steps: &[Step], until: Until) -> Option<usize> {
        let is_left = |package: &PackageId| self.left.contains(package);
        let is_using = |package: &PackageId| {
            is_left(package) || until == Until::Configured && self.waiting.contains(package)
        };
        let is_free = |package: PackageId| {
            let mut using = self.using.get(&package).into_iter().flatten();
            let mut essential = self.order.essential_replacements(package);
            self.in_the_way(package, steps).is_empty()
                && !using.any(is_using)
                && !essential.any(|other| is_left(&other))
        };
        let is_ready = |package: PackageId| {
            let mut first = self.first.get(&package).into_iter().flatten();
            !first.any(|other| self.left.contains(other) || self.waiting.contains(other))
        };
        let free = self.places().filter(|(_, package)| is_free(*package));
        let free: Vec<(usize, PackageId)> = free.collect();
        let ready = free.iter().filter(|(_, package)| is_ready(*package));
        let met = free
            .iter()
            .filter(|(_, package)| self.order.is_met(*package, steps));
        let best = ready.min_by_key(|(_, package)| self.preference(*package, steps));
        let best = best.or_else(|| met.min_by_key(|(_, package)| self.preference(*package, steps)));
        best.map(|(place, _)| *place)
    }

    /// Returns the place of what can be unpacked once what it is in conflict with has been removed for a moment: nothing protected if that can be,
    /// and what little needs.
    fn next_by_removal(&self, steps: &[Step]) -> Option<usize> {
        // What it pre-depends on may be just that.
        let is_met = |package: PackageId| {
            let removed = self.in_the_way(package, steps).into_iter().map(Step::GiveWay);
            let steps: Vec<Step> = steps.iter().copied().chain(removed).collect();
            self.order.is_met(package, &steps)
        };
        let met = self.places().filter(|(_, package)| is_met(*package));
        let cost = |package: PackageId| {
            let removed = self.in_the_way(package, steps);
            // dpkg does not deconfigure what is essential.
            let essential = self.order.essential_replacements(package);
            let essential = essential.filter(|other| self.left.contains(other));
            let protected = removed
                .iter()
                .filter(|old| self.order.universe.is_protected(**old));
            let needed = removed.iter().filter_map(|old| self.order.changed.get(old));
            let needed_by: usize = needed.map(|next| self.needed_by(*next)).sum();
            (essential.count() + protected.count(), needed_by, removed.len())
        };
        let best = met.min_by_key(|(_, package)| cost(*package));
        best.map(|(place, _)| place)
    }

    /// Returns how many others of the circle need a package, at once and in turn.
    fn needed_by(&self, package: PackageId) -> usize {
        let others = self.needed.iter().filter(|(other, _)| **other != package);
        others.filter(|(_, needed)| needed.contains(&package)).count()
    }

    fn places(&self) -> impl Iterator<Item = (usize, PackageId)> {
        let left = self.left.iter().enumerate();
        left.map(|(place, package)| (place, *package))
    }

    /// Returns the installed versions that a package is in conflict with and that are still there, and those of which it breaks too many at once.
    fn in_the_way(&self, package: PackageId, steps: &[Step]) -> Vec<PackageId> {
        let olds = self.order.in_conflict.get(&package).into_iter().flatten();
        let olds = olds.copied().filter(|old| self.is_left(*old, steps));
        let is_configured = |old| self.order.is_configured(old, steps);
        // What is protected stays, if one can.
        let too_many = self.order.obstacles.too_many(package, is_configured, |old| {
            !self.order.universe.is_protected(old)
        });
        let mut in_the_way: Vec<PackageId> = olds.chain(too_many).collect();
        in_the_way.dedup();
        in_the_way
    }

    /// Returns the installed versions that a package is not configured beside and that are still there.
    fn obstacles(&self, package: PackageId, steps: &[Step]) -> impl Iterator<Item = PackageId> {
        let olds = self.order.obstacles.to_configuring(package);
        olds.filter(|old| self.is_left(*old, steps))
    }

    /// Says whether an installed version is still there.
    fn is_left(&self, old: PackageId, steps: &[Step]) -> bool {
        let next = self.order.changed.get(&old);
        next.is_some_and(|next| self.left.contains(next)) && !steps.contains(&Step::GiveWay(old))
    }

    /// Returns what stands less before others the greater it is: halves of what was unpacked last come first, then what was removed for a
    /// moment, and last what breaks most.
    fn preference(&self, package: PackageId, steps: &[Step]) -> (Reverse<bool>, Reverse<bool>, usize) {
        let is_half = |last: &PackageId| self.order.other_halves(package).any(|half| half == *last);
        let broken = self.order.replacements(package);
        let broken = broken.filter(|other| self.left.contains(other));
        let mut given_way = self.order.changed.iter();
        let is_awaited =
            given_way.any(|(old, next)| *next == package && steps.contains(&Step::GiveWay(*old)));
        let is_half = self.waiting.last().is_some_and(is_half);
        (Reverse(is_half), Reverse(is_awaited), broken.count())
    }

    /// Configures what a package pre-depends on although something that this needs is not there: that may not matter, for it has alternatives.
    /// Obstacles to that go for a moment, unless they are protected. Returns the place of the package.
    fn configure_for_next(&mut self, steps: &mut Vec<Step>) -> usize {
        let next = self
            .places()
            .min_by_key(|(_, package)| self.in_the_way(*package, steps).len());
        let first = next.and_then(|(_, package)| self.first.get(&package));
        let is_first = |package: &PackageId| first.is_some_and(|first| first.contains(package));
        let (ready, rest): (Vec<_>, Vec<_>) = self.waiting.iter().copied().partition(is_first);
        self.waiting = rest;
        let obstacles = ready.iter().flat_map(|package| self.obstacles(*package, steps));
        let obstacles: BTreeSet<PackageId> = obstacles
            .filter(|old| !self.order.universe.is_protected(*old))
            .collect();
        steps.extend(obstacles.into_iter().map(Step::GiveWay));
        self.configure(&ready, steps);
        next.map_or(0, |(place, _)| place)
    }

    /// Configures what has all that it needs in versions that are there now, and says whether there was any: as soon as these are replaced, it is
    /// not ready as long, so this is done where nothing else helps.
    fn configure_beside_old(&mut self, steps: &mut Vec<Step>) -> bool {
        let is_whole = |package: &PackageId| self.obstacles(*package, steps).next().is_none();
        let mut ready: Vec<PackageId> = self.waiting.iter().copied().filter(is_whole).collect();
        loop {
            let is_there = |one: &PackageId| ready.contains(one) || self.order.is_configured(*one, steps);
            let all = ready.iter().copied();
            let next: Vec<PackageId> = all
                .filter(|package| self.order.is_all_there(*package, &ALL, is_there))
                .collect();
            if next.len() == ready.len() {
                break;
            }
            ready = next;
        }
        self.waiting.retain(|package| !ready.contains(package));
        self.configure(&ready, steps);
        !ready.is_empty()
    }

    /// Configures what needs nothing that is not unpacked.
    fn configure_ready(&mut self, steps: &mut Vec<Step>) {
        let is_ready = |package: &PackageId| {
            let mut needed = self.needed.get(package).into_iter().flatten();
            !needed.any(|other| self.left.contains(other))
        };
        let (ready, rest): (Vec<_>, _) = self.waiting.iter().copied().partition(is_ready);
        self.waiting = rest;
        self.configure(&ready, steps);
    }

    fn configure(&self, ready: &[PackageId], steps: &mut Vec<Step>) {
        let needed = |package: PackageId| needs(self.order.universe, package, &ALL).collect();
        let ordered = self.order.grouped(ready, needed).into_iter().flatten();
        steps.extend(ordered.map(Step::Configure));
    }
}

/// How long an installed version is left as it is for what pre-depends on it: best until that is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Configured,
    Unpacked,
}

/// Returns a package and what it needs, at once and in turn.
fn in_turn(package: PackageId, needed: &HashMap<PackageId, Vec<PackageId>>) -> HashSet<PackageId> {
    let mut queue = vec![package];
    let mut found = HashSet::from([package]);
    while let Some(package) = queue.pop() {
        for other in needed.get(&package).into_iter().flatten() {
            if found.insert(*other) {
                queue.push(*other);
            }
        }
    }
    found
}
