//! The differences between two states of a suite.

use std::collections::BTreeSet;

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};
use debian_control::version::Version;

use archive_catalog::SnapshotPackage;

/// One difference between two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Component.
    pub component: Component,
    /// `Package`.
    pub name: PackageName,
    /// `Architecture`.
    pub architecture: Architecture,
    /// What became of it.
    pub change: SnapshotChange,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotChange {
    /// This version came.
    Added(Version),
    /// This version went.
    Removed(Version),
    /// One version took the place of one other.
    Changed {
        /// Which went.
        from: Version,
        /// Which came.
        to: Version,
    },
}

impl SnapshotChange {
    /// Returns what it is called: `added`, `removed` or `changed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed { .. } => "changed",
        }
    }
}

/// Returns what changed from `before` to `after`, ordered by component, name and architecture.
pub fn differences(before: &[SnapshotPackage], after: &[SnapshotPackage]) -> Vec<Difference> {
    let (before, after) = (in_order(before), in_order(after));
    let (mut before, mut after) = (before.as_slice(), after.as_slice());
    let mut found = Vec::new();
    while let Some(next) = first(before, after) {
        let then = taken(&mut before, next);
        let now = taken(&mut after, next);
        let (gone, came) = (versions_except(then, now), versions_except(now, then));
        found.extend(changes(&gone, &came).into_iter().map(|change| Difference {
            component: next.component.clone(),
            name: next.name.clone(),
            architecture: next.architecture.clone(),
            change,
        }));
    }
    found
}

/// Sorts packages; those that a snapshot returns are in order already.
fn in_order(held: &[SnapshotPackage]) -> Vec<&SnapshotPackage> {
    let mut held: Vec<&SnapshotPackage> = held.iter().collect();
    held.sort();
    held
}

/// Returns the package that comes first of two lists in order.
fn first<'a>(before: &[&'a SnapshotPackage], after: &[&'a SnapshotPackage]) -> Option<&'a SnapshotPackage> {
    let heads = before.first().into_iter().chain(after.first());
    heads.copied().min_by_key(|held| package(held))
}

/// Takes from the front of a list what has the component, name and architecture of `next`.
fn taken<'a, 'p>(list: &mut &'a [&'p SnapshotPackage], next: &SnapshotPackage) -> &'a [&'p SnapshotPackage] {
    let count = list
        .iter()
        .take_while(|held| package(held) == package(next))
        .count();
    let (taken, rest) = list.split_at(count);
    *list = rest;
    taken
}

/// Returns the versions of what is in `these` and not in `others`, all of one name.
fn versions_except<'p>(these: &[&'p SnapshotPackage], others: &[&SnapshotPackage]) -> Vec<&'p Version> {
    let others: BTreeSet<(&Version, &Sha256)> =
        others.iter().map(|held| (&held.version, &held.sha256)).collect();
    let only_here = these
        .iter()
        .filter(|held| !others.contains(&(&held.version, &held.sha256)));
    only_here.map(|held| &held.version).collect()
}

fn package(held: &SnapshotPackage) -> (&Component, &PackageName, &Architecture) {
    (&held.component, &held.name, &held.architecture)
}

fn changes(gone: &[&Version], came: &[&Version]) -> Vec<SnapshotChange> {
    if let ([from], [to]) = (gone, came) {
        return vec![SnapshotChange::Changed {
            from: (*from).clone(),
            to: (*to).clone(),
        }];
    }
    let removed = gone
        .iter()
        .map(|version| SnapshotChange::Removed((*version).clone()));
    let added = came
        .iter()
        .map(|version| SnapshotChange::Added((*version).clone()));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, version: &str) -> SnapshotPackage {
        SnapshotPackage {
            component: "main".parse().unwrap(),
            name: name.parse().unwrap(),
            architecture: "amd64".parse().unwrap(),
            version: version.parse().unwrap(),
            sha256: Sha256::from_bytes([u8::try_from(version.len()).unwrap(); 32]),
            size: 1,
            path: None,
        }
    }

    fn told(before: &[SnapshotPackage], after: &[SnapshotPackage]) -> Vec<String> {
        let tell = |difference: Difference| match difference.change {
            SnapshotChange::Added(version) => format!("+{} {version}", difference.name),
            SnapshotChange::Removed(version) => format!("-{} {version}", difference.name),
            SnapshotChange::Changed { from, to } => format!("{} {from} {to}", difference.name),
        };
        differences(before, after).into_iter().map(tell).collect()
    }

    #[test]
    fn one_version_for_one_other_is_a_change() {
        assert_eq!(told(&[held("aa", "1")], &[held("aa", "2")]), ["aa 1 2"]);
    }

    #[test]
    fn versions_beside_each_other_come_and_go_by_themselves() {
        let before = [held("aa", "1"), held("aa", "2"), held("bb", "1")];
        let after = [held("aa", "2"), held("aa", "3"), held("aa", "4")];
        assert_eq!(told(&before, &after), ["-aa 1", "+aa 3", "+aa 4", "-bb 1"]);
        assert_eq!(told(&before, &before), Vec::<String>::new());
    }
}
