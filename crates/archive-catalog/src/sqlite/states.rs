//! States of a suite: which can be gone back to, pinning, and going back.

use debian_control::name::SuiteName;
use rusqlite::{Connection, params};

use super::rows;
use crate::{Pin, Retained, RetainedState, SnapshotId};

type Sql<T> = Result<T, rusqlite::Error>;

/// Returns the states of a suite that can be gone back to, newest first.
pub(super) fn all(db: &Connection, suite: &SuiteName) -> Sql<Vec<RetainedState>> {
    let suite = rows::suite_id(db, suite)?;
    let added = Running::read(db, suite, "added_revision")?;
    let removed = Running::read(db, suite, "removed_revision")?;
    let state = |id, revision, date, kept| RetainedState {
        id,
        revision,
        date,
        packages: added.until(revision).saturating_sub(removed.until(revision)),
        kept,
    };
    let mut states: Vec<RetainedState> = db
        .prepare_cached("select id, revision, date from pinned where suite_id = ?1")?
        .query_map([suite], |row| {
            Ok(state(
                rows::text(row, 0)?,
                row.get(1)?,
                row.get(2)?,
                Retained::Pinned,
            ))
        })?
        .collect::<Sql<_>>()?;
    let published: Vec<RetainedState> = db
        .prepare_cached("select revision, date, superseded_at from publication where suite_id = ?1")?
        .query_map([suite], |row| {
            let date = row.get(1)?;
            let kept = row
                .get::<_, Option<i64>>(2)?
                .map_or(Retained::Live, Retained::SupersededAt);
            Ok(state(SnapshotId::of(date), row.get(0)?, date, kept))
        })?
        .collect::<Sql<_>>()?;
    states.extend(published);
    // The sort is stable, so that of one name the pinned state stays.
    states.sort_by(|left, right| right.id.cmp(&left.id));
    states.dedup_by(|later, earlier| later.id == earlier.id);
    Ok(states)
}

/// How many placements began, or ended, up to each revision.
struct Running(Vec<(i64, u64)>);

impl Running {
    fn read(db: &Connection, suite: i64, column: &'static str) -> Sql<Self> {
        let query = format!(
            "select {column}, count(*) from placement where suite_id = ?1 and {column} is not null
             group by {column} order by {column}"
        );
        let mut total = 0;
        let counts: Sql<Vec<(i64, u64)>> = db
            .prepare_cached(&query)?
            .query_map([suite], |row| {
                total += row.get::<_, u64>(1)?;
                Ok((row.get(0)?, total))
            })?
            .collect();
        counts.map(Self)
    }

    fn until(&self, revision: i64) -> u64 {
        let after = self.0.partition_point(|(at, _)| *at <= revision);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .map_or(0, |(_, total)| *total)
    }
}

/// Pins a state; one that is pinned stays as it is.
pub(super) fn pin(db: &Connection, suite: &SuiteName, pin: &Pin, now: i64) -> Sql<()> {
    let suite = rows::suite_id(db, suite)?;
    db.prepare_cached(
        "insert into pinned (id, suite_id, revision, date, created_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict do nothing",
    )?
    .execute(params![pin.id.as_str(), suite, pin.revision, pin.date, now])?;
    Ok(())
}

/// Lets a pinned state go, and says whether there was one.
pub(super) fn unpin(db: &Connection, suite: &SuiteName, id: &SnapshotId) -> Sql<bool> {
    let suite = rows::suite_id(db, suite)?;
    let deleted = db
        .prepare_cached("delete from pinned where suite_id = ?1 and id = ?2")?
        .execute(params![suite, id.as_str()])?;
    Ok(deleted > 0)
}

/// Makes a suite hold what it held at a revision, under one new revision, and says whether that changed anything.
pub(super) fn roll_back(db: &Connection, suite: &SuiteName, revision: i64, now: i64) -> Sql<bool> {
    const THEN: &str = "then_one.suite_id = ?1 and then_one.added_revision <= ?2
         and (then_one.removed_revision is null or then_one.removed_revision > ?2)";
    let suite = rows::suite_id(db, suite)?;
    let next = rows::raise_revision(db, suite)?;
    let ended = db
        .prepare_cached(&format!(
            "update placement set removed_revision = ?3, removed_at = ?4
             where suite_id = ?1 and removed_revision is null and not exists
             (select 1 from placement then_one where then_one.content_id = placement.content_id
              and then_one.component = placement.component
              and then_one.section is placement.section and then_one.priority is placement.priority and {THEN})"
        ))?
        .execute(params![suite, revision, next, now])?;
    // A content stands in one component of a suite, so what still stands of these contents is where it was.
    let begun = db
        .prepare_cached(&format!(
            "insert into placement
                 (suite_id, component, content_id, cluster, name, architecture, version_key, added_revision, added_at,
                  section, priority, author)
             select suite_id, component, content_id, cluster, name, architecture, version_key, ?3, ?4,
                    section, priority, author
             from placement then_one where {THEN} and not exists
             (select 1 from placement now_one where now_one.suite_id = ?1
              and now_one.content_id = then_one.content_id and now_one.removed_revision is null)"
        ))?
        .execute(params![suite, revision, next, now])?;
    if ended + begun == 0 {
        db.prepare_cached("update suite set revision = revision - 1 where id = ?1")?
            .execute([suite])?;
    }
    Ok(ended + begun > 0)
}

#[cfg(test)]
mod tests;
