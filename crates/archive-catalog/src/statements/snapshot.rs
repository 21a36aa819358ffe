//! One state of a suite: a reading transaction that stays open.

use std::collections::HashMap;

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

use super::{named, publications, rows};
use crate::sql::{ColumnType, Db, Given, Param, Row, Sql, SqlError, given_row, params};
use crate::sql_catalog::Reader;
use crate::{
    CatalogError, Cluster, ContentKey, Counts, Indexed, ListedPlaces, NamedPackage, PackageOutline,
    PastPlacement, PathList, Position, Section, ShownFile, Snapshot, SnapshotPackage, StateChanges,
    SuiteState,
};

/// A state of a suite, read in a transaction that stays open.
struct SqlSnapshot<'a> {
    reader: Reader<'a>,
    suite: i64,
    /// The tree of the pool that the suite's files are in.
    tree: String,
    /// The revision that is read.
    revision: i64,
    state: SuiteState,
}

/// Opens the state of a revision, or that of now; `tree` is the tree of the pool that it publishes.
pub(crate) fn open<'a>(
    reader: Reader<'a>,
    suite: &SuiteName,
    tree: &str,
    revision: Option<i64>,
) -> Result<Box<dyn Snapshot + 'a>, CatalogError> {
    let (id, state) = reader.read("read a suite", |db| {
        let id = rows::suite_id(db, suite)?;
        let (revision, last_date) = db.query_one(
            "select revision, last_date from suite where id = ?1",
            params![id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let publication = publications::newest(db, id)?;
        Ok((
            id,
            SuiteState {
                revision,
                last_date,
                publication,
            },
        ))
    })?;
    let revision = revision.unwrap_or(state.revision);
    Ok(Box::new(SqlSnapshot {
        reader,
        suite: id,
        tree: tree.to_owned(),
        revision,
        state,
    }))
}

impl SqlSnapshot<'_> {
    fn read<T>(&self, action: &'static str, work: impl FnOnce(&Db<'_>) -> Sql<T>) -> Result<T, CatalogError> {
        self.reader.read(action, work)
    }

    /// Returns the packages of the suite that `condition` means, in order: `?2` is the revision, and `?3` the `other` one.
    fn packages_where(&self, condition: &str, other: i64) -> Result<Vec<SnapshotPackage>, CatalogError> {
        let query = format!(
            "select component, content.name, content.architecture, content.version, content.sha256,
                    content.size, pool_file.path
             from placement
             join content on content.id = placement.content_id
             left join pool_file on pool_file.content_id = content.id and pool_file.tree = ?4
             where suite_id = ?1 and {condition}"
        );
        let mut held: Vec<SnapshotPackage> = self.read("read packages", |db| {
            let values = params![self.suite, self.revision, other, self.tree];
            db.query(&query, values, snapshot_package)
        })?;
        held.sort_unstable();
        Ok(held)
    }

    fn named_state(&self) -> named::State {
        named::State {
            suite: self.suite,
            revision: self.revision,
        }
    }

    fn count_listed(&self, db: &Db<'_>, places: &ListedPlaces) -> Sql<u64> {
        let mut values = params![self.suite, self.revision].to_vec();
        let [listed] = listed(places, &mut values, ["one"]);
        let query = format!(
            "select count(*) from placement one where suite_id = ?1 and added_revision <= ?2
                 and (removed_revision is null or removed_revision > ?2) and {listed}"
        );
        db.query_one(&query, &values, |row| row.get(0))
    }
}

impl Snapshot for SqlSnapshot<'_> {
    fn state(&self) -> &SuiteState {
        &self.state
    }

    fn indexed(
        &self,
        section: &Section<'_>,
        from: Option<&Position>,
        visit: &mut dyn FnMut(Indexed) -> bool,
    ) -> Result<(), CatalogError> {
        let start = from.cloned().unwrap_or_default();
        self.read("read packages", |db| {
            // The order is that of the index placement_order; `all` and the architecture interleave within a cluster.
            db.for_each(
                "select placement.placed_after, placement.cluster, placement.name, placement.architecture, placement.version_key,
                        content.control, pool_file.path, content.size, content.sha256,
                        placement.section, placement.priority
                 from placement
                 join content on content.id = placement.content_id
                 left join pool_file on pool_file.content_id = content.id and pool_file.tree = ?7
                 where placement.suite_id = ?1 and placement.component = ?2
                   and (placement.placed_after, placement.cluster, placement.name, placement.architecture,
                        placement.version_key) >= (?10, ?9, ?3, ?4, ?5)
                   and placement.architecture in (?6, 'all')
                   and placement.added_revision <= ?8
                   and (placement.removed_revision is null or placement.removed_revision > ?8)
                 order by placement.placed_after, placement.cluster, placement.name, placement.architecture,
                          placement.version_key",
                params![
                    self.suite,
                    section.component.as_str(),
                    &start.name,
                    &start.architecture,
                    &start.version_key,
                    section.architecture.as_str(),
                    &self.tree,
                    self.revision,
                    &start.cluster.0,
                    start.placed_after,
                ],
                |row| Ok(visit(indexed(row)?)),
            )
        })
    }

    fn changed_since(&self, section: &Section<'_>, revision: i64) -> Result<Vec<Position>, CatalogError> {
        self.read("read what changed", |db| {
            db.query("select placed_after, cluster, name, architecture, version_key from placement
                     where suite_id = ?1 and added_revision > ?2 and component = ?3 and architecture in (?4, 'all')
                     union
                     select placed_after, cluster, name, architecture, version_key from placement
                     where suite_id = ?1 and removed_revision > ?2 and component = ?3 and architecture in (?4, 'all')
                     order by 1, 2, 3, 4, 5", params![self.suite, revision, section.component.as_str(), section.architecture.as_str()], position)
        })
    }

    fn paths(
        &self,
        section: &Section<'_>,
        visit: &mut dyn FnMut(&Position, &str, &[u8]),
    ) -> Result<(), CatalogError> {
        self.read("read file lists", |db| {
            db.for_each(
                "select placement.placed_after, placement.cluster, placement.name, placement.architecture,
                        placement.version_key, content.control, content.paths
                 from placement join content on content.id = placement.content_id
                 where placement.suite_id = ?1 and placement.component = ?2
                   and placement.architecture in (?3, 'all') and placement.added_revision <= ?4
                   and (placement.removed_revision is null or placement.removed_revision > ?4)
                 order by placement.name, placement.architecture, placement.version_key",
                params![
                    self.suite,
                    section.component.as_str(),
                    section.architecture.as_str(),
                    self.revision,
                ],
                |row| {
                    visit(&position(row)?, row.get(5)?, row.get(6)?);
                    Ok(true)
                },
            )
        })
    }

    fn changed_paths(
        &self,
        section: &Section<'_>,
        revision: i64,
        visit: &mut dyn FnMut(PathList<'_>),
    ) -> Result<(), CatalogError> {
        self.read("read the file lists that changed", |db| {
            db.for_each(
                // By the names of contents, which have an index: placements are looked up for these alone.
                "select content.name, content.control, content.paths, placement.added_revision,
                        placement.removed_revision
                 from content join placement on placement.content_id = content.id
                 where +placement.suite_id = ?1 and placement.component = ?3
                   and placement.architecture in (?4, 'all')
                   and content.name in
                       (select name from placement where suite_id = ?1 and added_revision > ?2
                        union
                        select name from placement where suite_id = ?1 and removed_revision > ?2)",
                params![
                    self.suite,
                    revision,
                    section.component.as_str(),
                    section.architecture.as_str(),
                ],
                |row| {
                    let added: i64 = row.get(3)?;
                    let removed: Option<i64> = row.get(4)?;
                    let shown = |at: i64| added <= at && removed.is_none_or(|removed| removed > at);
                    let list = PathList {
                        name: row.get(0)?,
                        control: row.get(1)?,
                        packed: row.get(2)?,
                        then: shown(revision),
                        now: shown(self.revision),
                    };
                    if list.then || list.now {
                        visit(list);
                    }
                    Ok(true)
                },
            )
        })
    }

    fn packages(&self) -> Result<Vec<SnapshotPackage>, CatalogError> {
        // Before the first revision there was nothing.
        self.packages_except(-1)
    }

    fn packages_except(&self, other: i64) -> Result<Vec<SnapshotPackage>, CatalogError> {
        self.packages_where(shown_alone(self.revision, other), other)
    }

    fn files_except(&self, other: i64) -> Result<Vec<ShownFile>, CatalogError> {
        let query = format!(
            "select pool_file.path, content.size
             from placement
             join content on content.id = placement.content_id
             left join pool_file on pool_file.content_id = content.id and pool_file.tree = ?4
             where suite_id = ?1 and {}",
            shown_alone(self.revision, other)
        );
        self.read("read files", |db| {
            let values = params![self.suite, self.revision, other, self.tree];
            db.query(&query, values, |row| {
                let (path, size) = (row.get(0)?, row.get(1)?);
                Ok(ShownFile { path, size })
            })
        })
    }

    fn changes_from(&self, other: i64) -> Result<StateChanges, CatalogError> {
        self.read("compare two states", |db| {
            Ok(StateChanges {
                gone: outlines_except(db, self.suite, other, self.revision)?,
                came: outlines_except(db, self.suite, self.revision, other)?,
            })
        })
    }

    fn versions(&self, contents: &[ContentKey]) -> Result<Vec<Version>, CatalogError> {
        let keys = Given::new(
            &[("id", ColumnType::Integer)],
            contents.iter().map(|content| given_row![content.0]),
        );
        let select = "select id, version from content where id in (select id from given)";
        self.read("read versions", |db| {
            let found = db.query_given(&keys, select, |row| Ok((row.get(0)?, rows::text(row, 1)?)))?;
            let found: HashMap<i64, Version> = found.into_iter().collect();
            let version = |content: &ContentKey| found.get(&content.0).cloned().ok_or(SqlError::NoRow);
            contents.iter().map(version).collect()
        })
    }

    fn changed_names(&self, since: Option<i64>) -> Result<Vec<PackageName>, CatalogError> {
        self.read("read which names changed", |db| {
            named::changed_names(db, self.named_state(), since)
        })
    }

    fn named(&self, name: &PackageName) -> Result<Vec<NamedPackage>, CatalogError> {
        self.read("read a package", |db| {
            named::packages(db, self.named_state(), &self.tree, name)
        })
    }

    fn finding(&self, name: &PackageName) -> Result<Option<String>, CatalogError> {
        self.read("read what a scan found", |db| {
            named::finding(db, self.named_state().suite, name)
        })
    }

    fn history(&self, name: &PackageName, limit: u32) -> Result<Vec<PastPlacement>, CatalogError> {
        self.read("read the history of a package", |db| {
            named::history(db, self.named_state(), name, limit)
        })
    }

    fn identities(&self, name: &PackageName) -> Result<Vec<Sha256>, CatalogError> {
        self.read("read the identities of a package", |db| {
            named::identities(db, self.named_state().suite, name)
        })
    }

    fn count(&self) -> Result<u64, CatalogError> {
        self.read("count packages", |db| {
            db.query_one(
                "select count(*) from placement where suite_id = ?1 and added_revision <= ?2
                     and (removed_revision is null or removed_revision > ?2)",
                params![self.suite, self.revision],
                |row| row.get(0),
            )
        })
    }

    fn counts(&self, since: Option<i64>, places: &ListedPlaces) -> Result<Counts, CatalogError> {
        self.read("count packages", |db| {
            let Some(since) = since else {
                let packages = self.count_listed(db, places)?;
                return Ok(Counts { packages, added: packages, removed: 0 });
            };
            // In one revision and not in the other; a package that was taken out and put back in between is neither. The plus
            // signs keep SQLite from looking for the other placement through all of the suite: it is to go by the content.
            let only_in = |here: i64, there: i64, changed: &str| {
                let earlier = here.min(there);
                let mut values = params![self.suite, here, there, earlier].to_vec();
                let [one, other] = listed(places, &mut values, ["one", "other"]);
                let query = format!(
                    "select count(*) from placement one where suite_id = ?1 and added_revision <= ?2
                     and (removed_revision is null or removed_revision > ?2) and {changed} > ?4 and {one} and not exists
                     (select 1 from placement other where other.content_id = one.content_id and +other.suite_id = ?1 and {other}
                      and +other.added_revision <= ?3 and (other.removed_revision is null or other.removed_revision > ?3))"
                );
                db.query_one(&query, &values, |row| row.get(0))
            };
            let added: u64 = only_in(self.revision, since, "added_revision")?;
            let removed: u64 = only_in(since, self.revision, "removed_revision")?;
            // Counting every package would cost more than all the rest of a small publish.
            let then = self.state.publication.as_ref().filter(|publication| publication.revision == since);
            let packages = match then {
                Some(publication) => (publication.packages + added).saturating_sub(removed),
                None => self.count_listed(db, places)?,
            };
            Ok(Counts { packages, added, removed })
        })
    }
}

/// Returns the conditions that placements of these names are in one of the places, whose own names it adds to the values.
fn listed<'v, const N: usize>(
    places: &'v ListedPlaces,
    values: &mut Vec<Param<'v>>,
    placements: [&str; N],
) -> [String; N] {
    let mut marks = |names: &mut dyn Iterator<Item = &'v str>| {
        let marks: Vec<String> = names
            .map(|name| {
                values.push(Param::Text(name.into()));
                format!("?{}", values.len())
            })
            .collect();
        marks.join(", ")
    };
    let components = marks(&mut places.components.iter().map(Component::as_str));
    let architectures = marks(&mut places.architectures.iter().map(Architecture::as_str));
    // As texts that were made, no index is gone by: nearly all packages are there.
    placements.map(|placement| {
        format!(
            "({placement}.component || '') in ({components}) and ({placement}.architecture || '') in ({architectures})"
        )
    })
}

fn position(row: &Row<'_>) -> Sql<Position> {
    Ok(Position {
        placed_after: row.get(0)?,
        cluster: Cluster(row.get(1)?),
        name: row.get(2)?,
        architecture: row.get(3)?,
        version_key: row.get(4)?,
    })
}

/// Returns the condition that a placement is shown at revision `?2`, which is `here`, and not at `?3`.
fn shown_alone(here: i64, other: i64) -> &'static str {
    // What an earlier state does not show came after it, and what a later one does not show was removed before.
    if other < here {
        "added_revision > ?3 and added_revision <= ?2 and (removed_revision is null or removed_revision > ?2)"
    } else {
        "removed_revision > ?2 and removed_revision <= ?3 and added_revision <= ?2"
    }
}

/// Returns what is shown at a revision and not at another one, in order. Reads copies of what orders packages, and no package.
fn outlines_except(db: &Db<'_>, suite: i64, here: i64, other: i64) -> Sql<Vec<PackageOutline>> {
    let query = format!(
        "select component, name, architecture, version_key, content_id, section, priority from placement
         where suite_id = ?1 and {}",
        shown_alone(here, other)
    );
    let mut found = db.query(&query, params![suite, here, other], |row| {
        Ok(PackageOutline {
            component: rows::text(row, 0)?,
            name: rows::text(row, 1)?,
            architecture: rows::text(row, 2)?,
            version_key: row.get(3)?,
            content: ContentKey(row.get(4)?),
            section: row.get(5)?,
            priority: row.get(6)?,
        })
    })?;
    found.sort_unstable();
    Ok(found)
}

fn snapshot_package(row: &Row<'_>) -> Sql<SnapshotPackage> {
    Ok(SnapshotPackage {
        component: rows::text(row, 0)?,
        name: rows::text(row, 1)?,
        architecture: rows::text(row, 2)?,
        version: rows::text(row, 3)?,
        sha256: rows::sha256(row, 4)?,
        size: row.get(5)?,
        path: row.get(6)?,
    })
}

fn indexed(row: &Row<'_>) -> Sql<Indexed> {
    Ok(Indexed {
        position: position(row)?,
        control: row.get(5)?,
        // Missing when the suite was made private, or public, while packages stood in it.
        path: row.get(6)?,
        size: row.get(7)?,
        sha256: rows::sha256(row, 8)?,
        section: row.get(9)?,
        priority: row.get(10)?,
    })
}
