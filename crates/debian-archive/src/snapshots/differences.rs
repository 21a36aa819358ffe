//! The differences between two states of a suite.

use std::ops::Range;

use debian_control::architecture::Architecture;
use debian_control::name::{Component, PackageName};
use debian_control::version::Version;

use archive_catalog::{CatalogError, ContentKey, PackageOutline, Snapshot, StateChanges};

/// One difference between two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<V = Version> {
    /// Component.
    pub component: Component,
    /// `Package`.
    pub name: PackageName,
    /// `Architecture`.
    pub architecture: Architecture,
    /// What became of it.
    pub change: SnapshotChange<V>,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotChange<V = Version> {
    /// This version came.
    Added(V),
    /// This version went.
    Removed(V),
    /// One version took the place of one other, or has another section or priority: then both are the same.
    Changed {
        /// Which went.
        from: V,
        /// Which came.
        to: V,
    },
}

impl<V> SnapshotChange<V> {
    /// Returns what it is called: `added`, `removed` or `changed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed { .. } => "changed",
        }
    }
}

/// All that lies between two states, ordered by component, name and architecture; versions are read of what is shown only.
pub struct Differences<'a> {
    state: Box<dyn Snapshot + 'a>,
    all: Vec<Difference<ContentKey>>,
}

/// How many differences there are, by what became of the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DifferenceCounts {
    /// Versions that came.
    pub added: usize,
    /// Versions that went.
    pub removed: usize,
    /// Versions that took the place of one other, or have another section or priority.
    pub changed: usize,
}

impl<'a> Differences<'a> {
    /// Compares a state with that of another revision: what this one alone has came.
    pub(super) fn from(state: Box<dyn Snapshot + 'a>, other: i64) -> Result<Self, CatalogError> {
        let all = differences(state.changes_from(other)?);
        Ok(Self { state, all })
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Counts them by what became of the packages.
    pub fn counts(&self) -> DifferenceCounts {
        let mut counts = DifferenceCounts::default();
        for difference in &self.all {
            match difference.change {
                SnapshotChange::Added(_) => counts.added += 1,
                SnapshotChange::Removed(_) => counts.removed += 1,
                SnapshotChange::Changed { .. } => counts.changed += 1,
            }
        }
        counts
    }

    /// Returns a part of them, as far as there is one.
    pub fn part(&self, range: Range<usize>) -> Result<Vec<Difference>, CatalogError> {
        let end = range.end.min(self.all.len());
        let shown = self.all.get(range.start..end).unwrap_or_default();
        let contents = shown.iter().flat_map(|difference| match difference.change {
            SnapshotChange::Added(content) | SnapshotChange::Removed(content) => [Some(content), None],
            SnapshotChange::Changed { from, to } => [Some(from), Some(to)],
        });
        let contents: Vec<ContentKey> = contents.flatten().collect();
        let mut versions = self.state.versions(&contents)?.into_iter();
        let mut next = || versions.next().expect("one version for each content");
        let with_version = |difference: &Difference<ContentKey>| Difference {
            component: difference.component.clone(),
            name: difference.name.clone(),
            architecture: difference.architecture.clone(),
            change: match difference.change {
                SnapshotChange::Added(_) => SnapshotChange::Added(next()),
                SnapshotChange::Removed(_) => SnapshotChange::Removed(next()),
                SnapshotChange::Changed { .. } => SnapshotChange::Changed {
                    from: next(),
                    to: next(),
                },
            },
        };
        Ok(shown.iter().map(with_version).collect())
    }
}

/// Returns what changed, ordered by component, name and architecture.
fn differences(changes: StateChanges) -> Vec<Difference<ContentKey>> {
    let mut found = Vec::with_capacity(changes.gone.len().max(changes.came.len()));
    let (mut gone, mut came) = (changes.gone.into_iter(), changes.came.into_iter());
    while let Some(next) = first(gone.as_slice(), came.as_slice()) {
        let (then, now) = (alike(gone.as_slice(), next), alike(came.as_slice(), next));
        let contents = PackageContents {
            edited: edited(then, now),
            gone: contents_except(then, now),
            came: contents_except(now, then),
        };
        let (then, now) = (then.len(), now.len());
        let (from, to) = (gone.by_ref().take(then).last(), came.by_ref().take(now).last());
        let of = from.or(to).expect("what is first is in one of the lists");
        add_changes(&mut found, of, contents);
    }
    found
}

/// Returns the package that comes first of two lists in order.
fn first<'a>(gone: &'a [PackageOutline], came: &'a [PackageOutline]) -> Option<&'a PackageOutline> {
    let heads = gone.first().into_iter().chain(came.first());
    heads.min_by_key(|outline| package(outline))
}

/// Returns the front of a list, as far as it has the component, name and architecture of `next`.
fn alike<'a>(list: &'a [PackageOutline], next: &PackageOutline) -> &'a [PackageOutline] {
    let is_of = |outline: &&PackageOutline| package(outline) == package(next);
    let count = list.iter().take_while(is_of).count();
    list.get(..count).unwrap_or_default()
}

/// What became of the contents of one package, each in the order of their versions.
struct PackageContents {
    /// With another section or priority.
    edited: Vec<ContentKey>,
    gone: Vec<ContentKey>,
    came: Vec<ContentKey>,
}

/// Returns the same content among others of one package: other metadata places it anew.
fn same<'a>(outline: &PackageOutline, others: &'a [PackageOutline]) -> Option<&'a PackageOutline> {
    let key = |outline: &'a PackageOutline| (&outline.version_key, outline.content);
    let wanted = (&outline.version_key, outline.content);
    let at = others.binary_search_by(|other| key(other).cmp(&wanted)).ok()?;
    others.get(at)
}

/// Returns the contents that are in both with another section or priority, all of one package.
fn edited(then: &[PackageOutline], now: &[PackageOutline]) -> Vec<ContentKey> {
    let is_edited = |outline: &&PackageOutline| same(outline, now).is_some_and(|other| other != *outline);
    then.iter()
        .filter(is_edited)
        .map(|outline| outline.content)
        .collect()
}

/// Returns the contents of what is in `these` and not in `others`, all of one package.
fn contents_except(these: &[PackageOutline], others: &[PackageOutline]) -> Vec<ContentKey> {
    let only_here = these.iter().filter(|outline| same(outline, others).is_none());
    only_here.map(|outline| outline.content).collect()
}

fn package(outline: &PackageOutline) -> (&Component, &PackageName, &Architecture) {
    (&outline.component, &outline.name, &outline.architecture)
}

fn add_changes(
    found: &mut Vec<Difference<ContentKey>>,
    of: PackageOutline,
    PackageContents { edited, gone, came }: PackageContents,
) {
    let edited = edited.into_iter();
    let mut changes: Vec<SnapshotChange<ContentKey>> = edited
        .map(|content| SnapshotChange::Changed {
            from: content,
            to: content,
        })
        .collect();
    match (gone.as_slice(), came.as_slice()) {
        ([from], [to]) => changes.push(SnapshotChange::Changed { from: *from, to: *to }),
        _ => {
            changes.extend(gone.into_iter().map(SnapshotChange::Removed));
            changes.extend(came.into_iter().map(SnapshotChange::Added));
        }
    }
    // Tens of thousands have one change each: their names are not copied.
    let last = changes.pop();
    found.extend(changes.into_iter().map(|change| Difference {
        component: of.component.clone(),
        name: of.name.clone(),
        architecture: of.architecture.clone(),
        change,
    }));
    found.extend(last.map(|change| Difference {
        component: of.component,
        name: of.name,
        architecture: of.architecture,
        change,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(name: &str, version: i64) -> PackageOutline {
        PackageOutline {
            component: "main".parse().unwrap(),
            name: name.parse().unwrap(),
            architecture: "amd64".parse().unwrap(),
            version_key: version.to_be_bytes().to_vec(),
            content: ContentKey(version),
            section: None,
            priority: None,
        }
    }

    fn told(gone: &[PackageOutline], came: &[PackageOutline]) -> Vec<String> {
        let tell = |difference: Difference<ContentKey>| match difference.change {
            SnapshotChange::Added(content) => format!("+{} {}", difference.name, content.0),
            SnapshotChange::Removed(content) => format!("-{} {}", difference.name, content.0),
            SnapshotChange::Changed { from, to } => format!("{} {} {}", difference.name, from.0, to.0),
        };
        let changes = StateChanges {
            gone: gone.to_vec(),
            came: came.to_vec(),
        };
        differences(changes).into_iter().map(tell).collect()
    }

    #[test]
    fn one_version_for_one_other_is_a_change() {
        assert_eq!(told(&[outline("aa", 1)], &[outline("aa", 2)]), ["aa 1 2"]);
    }

    #[test]
    fn versions_beside_each_other_come_and_go_by_themselves() {
        let before = [outline("aa", 1), outline("aa", 2), outline("bb", 1)];
        let after = [outline("aa", 2), outline("aa", 3), outline("aa", 4)];
        assert_eq!(told(&before, &after), ["-aa 1", "+aa 3", "+aa 4", "-bb 1"]);
        assert_eq!(told(&before, &before), Vec::<String>::new());
    }

    #[test]
    fn another_section_is_a_change_of_the_same_version() {
        let edited = |version| PackageOutline {
            section: Some("web".to_owned()),
            ..outline("aa", version)
        };
        assert_eq!(told(&[outline("aa", 1)], &[edited(1)]), ["aa 1 1"]);
        let before = [outline("aa", 1), outline("aa", 2)];
        assert_eq!(
            told(&before, &[edited(1), outline("aa", 3)]),
            ["aa 1 1", "aa 2 3"]
        );
        assert_eq!(told(&[edited(1)], &[edited(1)]), Vec::<String>::new());
    }
}
