//! The records of a Contents index, from the lines of the last one and from what came and went since.
//!
//! Read by publishing in place of all path lists where the last index is known: those are most of what a catalog holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};

use super::{RUN, line};
use archive_catalog::{Section, Snapshot};
use archive_index::cut;
use archive_index::records::{IndexRecord, RecordKey, Records, VisitRecord};
use archive_index::{ChunkCache, Dirty, IndexError, IndexManifest};

/// Which packages came to a path, and which left it.
#[derive(Debug, Default)]
struct PathChange {
    come: BTreeSet<String>,
    gone: BTreeSet<String>,
}

/// What came and went between two revisions, by path.
#[derive(Debug, Default)]
pub struct PathChanges(BTreeMap<Vec<u8>, PathChange>);

impl PathChanges {
    /// Reads what differs from an earlier revision; `None` where that is too much to hold.
    pub fn since(
        snapshot: &dyn Snapshot,
        section: &Section<'_>,
        revision: i64,
    ) -> Result<Option<Self>, IndexError> {
        // Whether each package was at each path then, and whether it is now: several versions can ship one path.
        let mut seen: BTreeMap<Vec<u8>, BTreeMap<String, (bool, bool)>> = BTreeMap::new();
        let mut held = 0;
        let mut failed = None;
        snapshot
            .changed_paths(section, revision, &mut |changed| {
                if held > RUN || failed.is_some() {
                    return;
                }
                match line::list(changed.name, changed.control, changed.packed) {
                    Ok(list) => {
                        for path in list.paths() {
                            held += path.len() + list.package.len();
                            let packages = seen.entry(path.to_vec()).or_default();
                            let (then, now) = packages.entry(list.package.clone()).or_default();
                            *then |= changed.then;
                            *now |= changed.now;
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            })
            .map_err(IndexError::source)?;
        if let Some(error) = failed {
            return Err(error);
        }
        if held > RUN {
            return Ok(None);
        }
        let mut changes = BTreeMap::new();
        for (path, packages) in seen {
            let mut change = PathChange::default();
            for (package, (then, now)) in packages {
                match (then, now) {
                    (false, true) => change.come.insert(package),
                    (true, false) => change.gone.insert(package),
                    _ => continue,
                };
            }
            if !(change.come.is_empty() && change.gone.is_empty()) {
                changes.insert(path, change);
            }
        }
        Ok(Some(Self(changes)))
    }

    /// Returns the places of the lines that may differ.
    pub fn dirty(&self) -> Dirty {
        Dirty::Keys(self.0.keys().cloned().map(RecordKey).collect())
    }
}

/// The lines of the last index with what changed.
///
/// Reading fails where the last index is not kept as a whole, or is not what the changes were made to; the path lists of all
/// packages are the way out then.
#[derive(Debug)]
pub struct ChangedContents<'a> {
    /// The last index.
    pub previous: &'a IndexManifest,
    /// Where its text is.
    pub cache: &'a ChunkCache,
    /// What changed since.
    pub changes: &'a PathChanges,
}

impl Records for ChangedContents<'_> {
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
        let start = from.map_or(Bound::Unbounded, |from| Bound::Included(from.0.clone()));
        let mut changes = self.changes.0.range((start, Bound::Unbounded)).peekable();
        for text in self.previous.chunk_texts(self.cache, from) {
            let text = text.ok_or_else(|| stale("a chunk of it is not kept any more"))?;
            for old in text.split_inclusive(|byte| *byte == b'\n') {
                let (path, packages) = line::parse(old)
                    .ok_or_else(|| stale(format_args!("it has the line `{}`", old.escape_ascii())))?;
                if from.is_some_and(|from| path < from.0.as_slice()) {
                    continue;
                }
                while let Some((new, change)) = changes.next_if(|(new, _)| new.as_slice() < path) {
                    if changed(new, b"", change, visit)?.is_break() {
                        return Ok(());
                    }
                }
                let visited = match changes.next_if(|(new, _)| new.as_slice() == path) {
                    Some((_, change)) => changed(path, packages, change, visit)?,
                    None => hand(path, old, visit)?,
                };
                if visited.is_break() {
                    return Ok(());
                }
            }
        }
        for (new, change) in changes {
            if changed(new, b"", change, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Hands a line to `visit` in which packages came or went, unless none is left in it.
fn changed(
    path: &[u8],
    packages: &[u8],
    change: &PathChange,
    visit: &mut VisitRecord<'_>,
) -> Result<ControlFlow<()>, IndexError> {
    let mut listed: BTreeSet<&[u8]> = packages
        .split(|byte| *byte == b',')
        .filter(|package| !package.is_empty())
        .collect();
    for package in &change.gone {
        if !listed.remove(package.as_bytes()) {
            return Err(stale(format_args!("`{}` lacks {package}", path.escape_ascii())));
        }
    }
    for package in &change.come {
        if !listed.insert(package.as_bytes()) {
            return Err(stale(format_args!(
                "`{}` has {package} already",
                path.escape_ascii()
            )));
        }
    }
    if listed.is_empty() {
        return Ok(ControlFlow::Continue(()));
    }
    let packages: Vec<&[u8]> = listed.into_iter().collect();
    hand(path, &line::line(path, &packages.join(&b',')), visit)
}

fn hand(path: &[u8], text: &[u8], visit: &mut VisitRecord<'_>) -> Result<ControlFlow<()>, IndexError> {
    visit(IndexRecord {
        key: &RecordKey(path.to_vec()),
        hash: cut::hash(path),
        text,
    })
}

fn stale(why: impl std::fmt::Display) -> IndexError {
    IndexError::Record(format!("the last Contents cannot be built on: {why}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use archive_index::{BuildEnv, Form, PreviousBuild, build};
    use archive_storage::staging::Staging;
    use proptest::prelude::*;

    use super::*;

    /// The packages at each path.
    type Listed = BTreeMap<Vec<u8>, BTreeSet<String>>;

    struct Lines(Listed);

    impl Records for Lines {
        fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
            for (path, packages) in &self.0 {
                if from.is_some_and(|from| path < &from.0) {
                    continue;
                }
                let packages: Vec<&[u8]> = packages.iter().map(|package| package.as_bytes()).collect();
                if hand(path, &line::line(path, &packages.join(&b',')), visit)?.is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    fn read(records: &dyn Records, from: Option<&RecordKey>) -> Result<Vec<u8>, IndexError> {
        let mut text = Vec::new();
        records.read(from, &mut |record| {
            text.extend_from_slice(record.text);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(text)
    }

    fn changes(old: &Listed, new: &Listed) -> PathChanges {
        let none = BTreeSet::new();
        let mut changes = BTreeMap::new();
        for path in old.keys().chain(new.keys()) {
            let (then, now) = (old.get(path).unwrap_or(&none), new.get(path).unwrap_or(&none));
            let change = PathChange {
                come: now - then,
                gone: then - now,
            };
            if then != now {
                changes.insert(path.clone(), change);
            }
        }
        PathChanges(changes)
    }

    /// Calls `test` with an index of these lines and what keeps it.
    fn with_index(old: &Listed, test: impl FnOnce(BuildEnv<'_>, &PreviousBuild)) {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let cache = ChunkCache::new(root.path(), &staging, &[Form::Gzip]);
        let env = BuildEnv {
            cache: &cache,
            staging: &staging,
        };
        let built = build(env, &Lines(old.clone()), None, &Dirty::All, "").unwrap();
        let file = |(form, path, _): &(Form, archive_storage::staging::StagedPath, _)| {
            (*form, Path::to_owned(path.as_path()))
        };
        let previous = PreviousBuild {
            files: built.files.iter().map(file).collect(),
            manifest: built.manifest,
        };
        test(env, &previous);
    }

    fn listed() -> impl Strategy<Value = Listed> {
        let packages = prop::collection::btree_set(0_u8..4, 1..3)
            .prop_map(|numbers| numbers.iter().map(|number| format!("misc/p{number}")).collect());
        prop::collection::btree_map(0_u16..2_000, packages, 0..1_500).prop_map(|paths| {
            let path = |number: u16| format!("usr/share/a longer path to some file/{number:05}").into_bytes();
            paths
                .into_iter()
                .map(|(number, packages)| (path(number), packages))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn lines_with_what_changed_are_the_lines_of_now(old in listed(), some in listed(), cut in 0_u16..2_000) {
            // Most paths stay as they were.
            let (low, high) = (usize::from(cut), usize::from(cut) + 60);
            let mut new = old.clone();
            for (at, path) in old.keys().enumerate() {
                if (low..high).contains(&at) {
                    new.remove(path);
                }
            }
            new.extend(some.into_iter().skip(low).take(30));
            with_index(&old, |env, previous| {
                let changes = changes(&old, &new);
                let records = ChangedContents {
                    previous: &previous.manifest,
                    cache: env.cache,
                    changes: &changes,
                };
                let anew = Lines(new.clone());
                assert_eq!(read(&records, None).unwrap(), read(&anew, None).unwrap());
                let from = new.keys().nth(new.len() / 2).cloned().map(RecordKey);
                assert_eq!(
                    read(&records, from.as_ref()).unwrap(),
                    read(&anew, from.as_ref()).unwrap()
                );
                let on_it = build(env, &records, Some(previous), &changes.dirty(), "").unwrap();
                let from_nothing = build(env, &anew, None, &Dirty::All, "").unwrap();
                assert_eq!(on_it.manifest, from_nothing.manifest);
            });
        }
    }

    #[test]
    fn an_index_that_is_not_the_one_of_before_is_an_error() {
        let line =
            |path: &str, package: &str| (path.as_bytes().to_vec(), BTreeSet::from([package.to_owned()]));
        let old = Listed::from([line("bin/a", "one"), line("bin/b", "one")]);
        let cases = [
            ("bin/b", Some("two"), None, "`bin/b` lacks two"),
            ("bin/a", None, Some("one"), "`bin/a` has one already"),
            ("bin/c", Some("one"), None, "`bin/c` lacks one"),
        ];
        with_index(&old, |env, previous| {
            for (path, gone, come, why) in cases {
                let set = |package: Option<&str>| package.map(str::to_owned).into_iter().collect();
                let change = PathChange {
                    come: set(come),
                    gone: set(gone),
                };
                let changes = PathChanges(BTreeMap::from([(path.as_bytes().to_vec(), change)]));
                let records = ChangedContents {
                    previous: &previous.manifest,
                    cache: env.cache,
                    changes: &changes,
                };
                let error = read(&records, None).unwrap_err().to_string();
                assert!(error.ends_with(why), "{error}");
            }
        });
    }

    #[test]
    fn a_chunk_that_is_not_kept_is_an_error() {
        let old = Listed::from([(b"bin/a".to_vec(), BTreeSet::from(["one".to_owned()]))]);
        with_index(&old, |env, previous| {
            let elsewhere = tempfile::tempdir().unwrap();
            let empty = ChunkCache::new(elsewhere.path(), env.staging, &[Form::Gzip]);
            let records = ChangedContents {
                previous: &previous.manifest,
                cache: &empty,
                changes: &PathChanges::default(),
            };
            let error = read(&records, None).unwrap_err().to_string();
            assert!(error.ends_with("a chunk of it is not kept any more"), "{error}");
        });
    }
}
