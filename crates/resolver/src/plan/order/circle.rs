//! The order of packages that need each other, or whose next versions wait for each other.
//!
//! dpkg unpacks nothing beside what it conflicts with, and nothing without what it pre-depends on; what it depends on matters when it is
//! configured, and can come later. Source: Debian Policy 7.2 and 7.4.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::{ALL, Ordering, Step, needs};
use crate::universe::{Field, PackageId};

/// What is left to do of a circle.
pub(super) struct Circle<'a> {
    order: &'a Ordering<'a>,
    /// What each package needs of the circle to be configured, at once and in turn.
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
            .map(|package| (*package, of_circle(*package, &ALL)))
            .collect();
        let mut circle = Self {
            order,
            needed: packages
                .iter()
                .map(|package| (*package, in_turn(&[*package], &direct)))
                .collect(),
            first: HashMap::new(),
            using: HashMap::new(),
            left: Vec::new(),
            waiting: Vec::new(),
        };
        for package in packages {
            circle.wait_for(*package, &of_circle(*package, &[Field::PreDepends]), steps);
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
    fn wait_for(&mut self, package: PackageId, wanted: &[PackageId], steps: &[Step]) {
        let circular = wanted.iter().filter(|other| {
            let needed = self.needed.get(other);
            **other != package && needed.is_some_and(|needed| needed.contains(&package))
        });
        let circular: Vec<PackageId> = circular.copied().collect();
        if !circular.is_empty() && self.order.is_met(package, steps) {
            for other in circular {
                self.using.entry(other).or_default().insert(package);
            }
            return;
        }
        let mut first = in_turn(wanted, &self.needed_lists());
        first.remove(&package);
        self.first.insert(package, first);
    }

    fn needed_lists(&self) -> HashMap<PackageId, Vec<PackageId>> {
        let lists = self.needed.iter();
        lists
            .map(|(package, needed)| (*package, needed.iter().copied().collect()))
            .collect()
    }

    /// Appends the steps: each package is unpacked as soon as nothing stands against it, and configured as soon as all that it needs is unpacked.
    pub(super) fn push(mut self, steps: &mut Vec<Step>) {
        while !self.left.is_empty() {
            let place = self.next(steps).unwrap_or_else(|| {
                self.configure_for_next(steps);
                0
            });
            let package = self.left.remove(place);
            steps.push(Step::Unpack(package));
            self.waiting.push(package);
            self.configure_ready(steps);
        }
    }

    /// Returns the place of what can be unpacked next, and should be before others.
    fn next(&self, steps: &[Step]) -> Option<usize> {
        let is_free = |package: PackageId| {
            let using = self.using.get(&package).into_iter().flatten().copied();
            let mut before = self.order.replaced_before(package).chain(using);
            !before.any(|other| self.left.contains(&other))
        };
        let is_ready = |package: PackageId| {
            let mut first = self.first.get(&package).into_iter().flatten();
            !first.any(|other| self.left.contains(other) || self.waiting.contains(other))
        };
        let free = self.left.iter().enumerate();
        let free: Vec<(usize, PackageId)> = free
            .filter(|(_, package)| is_free(**package))
            .map(|(place, package)| (place, *package))
            .collect();
        let ready = free.iter().filter(|(_, package)| is_ready(*package));
        let met = free
            .iter()
            .filter(|(_, package)| self.order.is_met(*package, steps));
        let best = ready.min_by_key(|(_, package)| self.preference(*package));
        let best = best.or_else(|| met.min_by_key(|(_, package)| self.preference(*package)));
        best.map(|(place, _)| *place)
    }

    /// Returns what stands less before others the greater it is: halves of what was unpacked last come first, and last what breaks most.
    fn preference(&self, package: PackageId) -> (Reverse<bool>, usize) {
        let is_half = |last: &PackageId| self.order.other_halves(package).any(|half| half == *last);
        let broken = self.order.replacements(package);
        let broken = broken.filter(|other| self.left.contains(other));
        (Reverse(self.waiting.last().is_some_and(is_half)), broken.count())
    }

    /// Configures what the next package pre-depends on although something that this needs is not there: that may not matter, for it has
    /// alternatives.
    fn configure_for_next(&mut self, steps: &mut Vec<Step>) {
        let first = self.left.first().and_then(|next| self.first.get(next));
        let is_first = |package: &PackageId| first.is_some_and(|first| first.contains(package));
        let (ready, rest): (Vec<_>, _) = std::mem::take(&mut self.waiting).into_iter().partition(is_first);
        self.waiting = rest;
        self.configure(&ready, steps);
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

/// Returns packages and what they need, at once and in turn.
fn in_turn(packages: &[PackageId], needed: &HashMap<PackageId, Vec<PackageId>>) -> HashSet<PackageId> {
    let mut queue = packages.to_vec();
    let mut found: HashSet<PackageId> = packages.iter().copied().collect();
    while let Some(package) = queue.pop() {
        for other in needed.get(&package).into_iter().flatten() {
            if found.insert(*other) {
                queue.push(*other);
            }
        }
    }
    found
}
