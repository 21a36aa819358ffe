//! What a suite holds and held of one name.

use debian_control::digest::Sha256;
use debian_control::name::PackageName;

use super::provenance;
use super::rows::{self, CONTENT, CONTENT_WIDTH};
use crate::sql::{Db, Row, Sql, params};
use crate::{NamedPackage, PastPlacement};

/// A state of a suite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) suite: i64,
    pub(crate) revision: i64,
}

/// Returns the names of which something came or left, or a scan found something else, after a revision, or all that the state holds, in order.
pub(crate) fn changed_names(db: &Db<'_>, state: State, since: Option<i64>) -> Sql<Vec<PackageName>> {
    let State { suite, revision } = state;
    let name = |row: &Row<'_>| rows::text(row, 0);
    match since {
        None => db.query(
            "select distinct name from placement where suite_id = ?1 and added_revision <= ?2
                 and (removed_revision is null or removed_revision > ?2) order by name",
            params![suite, revision],
            name,
        ),
        Some(since) => db.query(
            "select name from placement where suite_id = ?1 and added_revision > ?3 and added_revision <= ?2
             union
             select name from placement where suite_id = ?1 and removed_revision > ?3 and removed_revision <= ?2
             union
             select name from finding where suite_id = ?1 and revision > ?3 and revision <= ?2
             order by 1",
            params![suite, revision, since],
            name,
        ),
    }
}

/// Returns what the state holds of a name, the newest version first, then by architecture.
pub(crate) fn packages(db: &Db<'_>, state: State, tree: &str, name: &PackageName) -> Sql<Vec<NamedPackage>> {
    // The plus sign keeps SQLite from looking through all of the suite: it is to go by the content.
    let query = format!(
        "select {CONTENT}, content.paths, placement.component, placement.section, placement.priority,
                pool_file.path, placement.added_at, provenance.job
         from content
         join placement on placement.content_id = content.id and +placement.suite_id = ?1
         left join pool_file on pool_file.content_id = content.id and pool_file.tree = ?3
         left join provenance on provenance.content_id = content.id and provenance.suite_id = ?1
         where content.name = ?4 and +placement.added_revision <= ?2
           and (placement.removed_revision is null or placement.removed_revision > ?2)
         order by content.version_key desc, content.architecture"
    );
    db.query(
        &query,
        params![state.suite, state.revision, tree, name.as_str()],
        |row| {
            Ok(NamedPackage {
                content: rows::content(row)?,
                paths: row.get(CONTENT_WIDTH)?,
                component: rows::text(row, CONTENT_WIDTH + 1)?,
                section: row.get(CONTENT_WIDTH + 2)?,
                priority: row.get(CONTENT_WIDTH + 3)?,
                path: row.get(CONTENT_WIDTH + 4)?,
                added_at: row.get(CONTENT_WIDTH + 5)?,
                job: provenance::job(row, CONTENT_WIDTH + 6)?,
            })
        },
    )
}

/// Returns what the suite held of a name up to the state, what was placed last first.
pub(crate) fn history(db: &Db<'_>, state: State, name: &PackageName, limit: u32) -> Sql<Vec<PastPlacement>> {
    let query = format!(
        "select {CONTENT}, placement.component, placement.section, placement.added_revision, placement.added_at,
                placement.removed_revision, placement.removed_at
         from content
         join placement on placement.content_id = content.id and +placement.suite_id = ?1
         where content.name = ?3 and +placement.added_revision <= ?2
         order by placement.added_revision desc, content.version_key desc, content.architecture
         limit {limit}"
    );
    db.query(
        &query,
        params![state.suite, state.revision, name.as_str()],
        |row| {
            let removed: Option<i64> = row.get(CONTENT_WIDTH + 4)?;
            let removed_at: Option<i64> = row.get(CONTENT_WIDTH + 5)?;
            Ok(PastPlacement {
                content: rows::content(row)?,
                component: rows::text(row, CONTENT_WIDTH)?,
                section: row.get(CONTENT_WIDTH + 1)?,
                added_revision: row.get(CONTENT_WIDTH + 2)?,
                added_at: row.get(CONTENT_WIDTH + 3)?,
                // What came after the state is not known to it.
                removed: removed.zip(removed_at).filter(|(at, _)| *at <= state.revision),
            })
        },
    )
}

/// Returns the contents that ever were in the suite under a name.
pub(crate) fn identities(db: &Db<'_>, suite: i64, name: &PackageName) -> Sql<Vec<Sha256>> {
    db.query(
        "select sha256 from identity where suite_id = ?1 and name = ?2 order by sha256",
        params![suite, name.as_str()],
        |row| rows::sha256(row, 0),
    )
}

/// Returns what the newest scan for vulnerabilities found of the packages of a name.
pub(crate) fn finding(db: &Db<'_>, suite: i64, name: &PackageName) -> Sql<Option<String>> {
    db.query_optional(
        "select affected from finding where suite_id = ?1 and name = ?2",
        params![suite, name.as_str()],
        |row| row.get(0),
    )
}
