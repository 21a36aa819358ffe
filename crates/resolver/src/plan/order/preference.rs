//! An order that has to be, and one that should be.

use std::collections::{HashMap, HashSet};

use crate::universe::PackageId;

/// Orders groups of packages, by their places: what a group must come after comes before it, and so does what it should come after, as far as
/// the former lets it. Among equals the first comes first. The groups stand in an order that has to be.
pub(super) fn by_preference(
    groups: &[Vec<PackageId>],
    must_follow: impl Fn(PackageId) -> Vec<PackageId>,
    should_follow: impl Fn(PackageId) -> Vec<PackageId>,
) -> Vec<usize> {
    let mut of: HashMap<PackageId, usize> = HashMap::new();
    for (place, group) in groups.iter().enumerate() {
        of.extend(group.iter().map(|package| (*package, place)));
    }
    let followed = |place: usize, of_package: &dyn Fn(PackageId) -> Vec<PackageId>| -> HashSet<usize> {
        let packages = groups.get(place).into_iter().flatten();
        let others = packages.flat_map(|package| of_package(*package));
        let others = others.filter_map(|other| of.get(&other).copied());
        others.filter(|other| *other != place).collect()
    };
    let mut left: Vec<Waiting> = (0..groups.len())
        .map(|place| Waiting {
            place,
            must_follow: followed(place, &must_follow),
            should_follow: followed(place, &should_follow),
        })
        .collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready = left
            .iter()
            .enumerate()
            .filter(|(_, waiting)| waiting.must_follow.is_empty());
        let next = ready.min_by_key(|(_, waiting)| waiting.should_follow.len());
        // The first one is ready, since they stand in an order that has to be.
        let next = left.remove(next.map_or(0, |(at, _)| at));
        for waiting in &mut left {
            waiting.must_follow.remove(&next.place);
            waiting.should_follow.remove(&next.place);
        }
        order.push(next.place);
    }
    order
}

/// A group that has not had its turn.
struct Waiting {
    place: usize,
    must_follow: HashSet<usize>,
    should_follow: HashSet<usize>,
}
