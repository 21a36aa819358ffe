//! The differences between two states of a suite.

use std::collections::{BTreeMap, BTreeSet};

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

type VersionSets<'a> = BTreeSet<(&'a Version, &'a Sha256)>;

/// Returns what changed from `before` to `after`, ordered by component, name and architecture.
pub fn differences(before: &[SnapshotPackage], after: &[SnapshotPackage]) -> Vec<Difference> {
    let mut packages: BTreeMap<_, (VersionSets<'_>, VersionSets<'_>)> = BTreeMap::new();
    for held in before {
        packages
            .entry(package(held))
            .or_default()
            .0
            .insert((&held.version, &held.sha256));
    }
    for held in after {
        packages
            .entry(package(held))
            .or_default()
            .1
            .insert((&held.version, &held.sha256));
    }
    packages
        .into_iter()
        .flat_map(|((component, name, architecture), (then, now))| {
            let gone: Vec<&Version> = then.difference(&now).map(|(version, _)| *version).collect();
            let came: Vec<&Version> = now.difference(&then).map(|(version, _)| *version).collect();
            changes(&gone, &came).into_iter().map(move |change| Difference {
                component: component.clone(),
                name: name.clone(),
                architecture: architecture.clone(),
                change,
            })
        })
        .collect()
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
