//! States of a suite: which can be gone back to, pinning, and going back.

use debian_control::name::{Component, SuiteName};

use super::events::{Moved, Receivers};
use super::publications;
use super::rows::{self, CONTENT, CONTENT_WIDTH};
use crate::audit::{Actor, AuditEvent};
use crate::sql::{Db, Sql, params};
use crate::webhooks::EventKind;
use crate::{Content, CountedState, Pin, Retained, RetainedState, SnapshotId};

/// Returns the states of a suite that can be gone back to, newest first.
pub(crate) fn all(db: &Db<'_>, suite: &SuiteName) -> Sql<Vec<RetainedState>> {
    let suite = rows::suite_id(db, suite)?;
    let state = |id, revision, date, kept| RetainedState {
        id,
        revision,
        date,
        kept,
    };
    let mut states: Vec<RetainedState> = db.query(
        "select id, revision, date from pinned where suite_id = ?1",
        params![suite],
        |row| {
            Ok(state(
                rows::text(row, 0)?,
                row.get(1)?,
                row.get(2)?,
                Retained::Pinned,
            ))
        },
    )?;
    let published: Vec<RetainedState> = db.query(
        "select revision, date, superseded_at from publication where suite_id = ?1",
        params![suite],
        |row| {
            let date = row.get(1)?;
            let kept = row
                .get::<Option<i64>>(2)?
                .map_or(Retained::Live, Retained::SupersededAt);
            Ok(state(SnapshotId::of(date), row.get(0)?, date, kept))
        },
    )?;
    states.extend(published);
    // The sort is stable, so that of one name the pinned state stays.
    states.sort_by(|left, right| right.id.cmp(&left.id));
    states.dedup_by(|later, earlier| later.id == earlier.id);
    Ok(states)
}

/// Returns the same with how many packages each holds.
pub(crate) fn counted(db: &Db<'_>, suite: &SuiteName) -> Sql<Vec<CountedState>> {
    let states = all(db, suite)?;
    let suite = rows::suite_id(db, suite)?;
    let added = Running::read(db, suite, "added_revision")?;
    let removed = Running::read(db, suite, "removed_revision")?;
    let counted = |state: RetainedState| CountedState {
        packages: added
            .until(state.revision)
            .saturating_sub(removed.until(state.revision)),
        state,
    };
    Ok(states.into_iter().map(counted).collect())
}

/// How many placements began, or ended, up to each revision.
struct Running(Vec<(i64, u64)>);

impl Running {
    fn read(db: &Db<'_>, suite: i64, column: &'static str) -> Sql<Self> {
        let query = format!(
            "select {column}, count(*) from placement where suite_id = ?1 and {column} is not null
             group by {column} order by {column}"
        );
        let mut total = 0;
        let counts: Sql<Vec<(i64, u64)>> = db.query(&query, params![suite], |row| {
            total += row.get::<u64>(1)?;
            Ok((row.get(0)?, total))
        });
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

/// Returns the record of what was done with a state of a suite.
pub(crate) fn event(
    action: &'static str,
    by: &Actor,
    suite: &SuiteName,
    id: &SnapshotId,
    now: i64,
) -> AuditEvent {
    AuditEvent {
        at: now,
        actor: by.clone(),
        action,
        subject: suite.to_string(),
        detail: serde_json::json!({ "snapshot": id.as_str() }).to_string(),
    }
}

/// Pins a state, and says whether that is new; one that is pinned stays as it is.
pub(crate) fn pin(db: &Db<'_>, suite: &SuiteName, pin: &Pin, now: i64) -> Sql<bool> {
    let suite = rows::suite_id(db, suite)?;
    let pinned = db.execute(
        "insert into pinned (id, suite_id, revision, date, created_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict do nothing",
        params![pin.id.as_str(), suite, pin.revision, pin.date, now],
    )?;
    Ok(pinned > 0)
}

/// Lets a pinned state go, and says whether there was one.
pub(crate) fn unpin(db: &Db<'_>, suite: &SuiteName, id: &SnapshotId) -> Sql<bool> {
    let suite = rows::suite_id(db, suite)?;
    let deleted = db.execute(
        "delete from pinned where suite_id = ?1 and id = ?2",
        params![suite, id.as_str()],
    )?;
    Ok(deleted > 0)
}

/// Counts what is known of what a suite held at a revision.
pub(crate) fn packages_at(db: &Db<'_>, suite: &SuiteName, revision: i64) -> Sql<u64> {
    let suite = rows::suite_id(db, suite)?;
    db.query_one(
        "select count(*) from placement where suite_id = ?1 and added_revision <= ?2
         and (removed_revision is null or removed_revision > ?2)",
        params![suite, revision],
        |row| row.get(0),
    )
}

/// Makes a suite hold what it held at a revision, under one new revision, and says whether that changed anything.
pub(crate) fn roll_back(
    db: &Db<'_>,
    name: &SuiteName,
    revision: i64,
    (by, now): (Option<&Actor>, i64),
) -> Sql<bool> {
    const STOOD: &str = "(then_one.removed_revision is null or then_one.removed_revision > ?2)";
    let suite = rows::suite_id(db, name)?;
    let next = rows::raise_revision(db, suite)?;
    let newest = publications::newest_revision(db, suite)?;
    // Each is looked up by its content: by its revision, it would be looked for among all that the suite has.
    let ended = db.execute(
        &format!(
            "update placement set removed_revision = ?3, removed_at = ?4
             where suite_id = ?1 and removed_revision is null and not exists
             (select 1 from placement then_one where then_one.content_id = placement.content_id
              and then_one.component = placement.component
              and then_one.section is not distinct from placement.section
              and then_one.priority is not distinct from placement.priority
              and +then_one.suite_id = ?1 and +then_one.added_revision <= ?2 and {STOOD})"
        ),
        params![suite, revision, next, now],
    )?;
    // A content stands in one component of a suite, so what still stands of these contents is where it was.
    let begun = db.execute(&format!(
            "insert into placement
                 (suite_id, component, content_id, cluster, name, architecture, version_key, added_revision, added_at,
                  section, priority, author, placed_after)
             select suite_id, component, content_id, cluster, name, architecture, version_key,
                    cast(?3 as bigint), cast(?4 as bigint),
                    section, priority, author, cast(?5 as bigint)
             from placement then_one where then_one.suite_id = ?1 and then_one.added_revision <= ?2 and {STOOD} and not exists
             (select 1 from placement now_one where now_one.suite_id = ?1
              and now_one.content_id = then_one.content_id and now_one.removed_revision is null)"
        ), params![suite, revision, next, now, newest])?;
    db.execute(
        "update placement set yanked = null where suite_id = ?1 and yanked is not null and exists
         (select 1 from placement now_one where now_one.suite_id = ?1
          and now_one.content_id = placement.content_id and now_one.removed_revision is null)",
        params![suite],
    )?;
    if ended + begun == 0 {
        db.execute(
            "update suite set revision = revision - 1 where id = ?1",
            params![suite],
        )?;
        return Ok(false);
    }
    report_rollback(db, (suite, name), next, (by, now))?;
    Ok(true)
}

/// Records what a rollback brought and took, all but what it left where it was under another section or priority.
fn report_rollback(
    db: &Db<'_>,
    (suite, name): (i64, &SuiteName),
    revision: i64,
    (by, now): (Option<&Actor>, i64),
) -> Sql<()> {
    let receivers = Receivers::read(db)?;
    if receivers.is_empty() {
        return Ok(());
    }
    for (kind, moved, other) in [
        (EventKind::PackageRemoved, "removed_revision", "added_revision"),
        (EventKind::PackageUploaded, "added_revision", "removed_revision"),
    ] {
        let query = format!(
            "select {CONTENT}, placement.component from placement join content on content.id = placement.content_id
             where placement.suite_id = ?1 and placement.{moved} = ?2 and not exists
             (select 1 from placement other where +other.suite_id = ?1 and other.content_id = placement.content_id
              and other.component = placement.component and +other.{other} = ?2)
             order by placement.name, placement.version_key, placement.architecture"
        );
        let found: Vec<(Content, Component)> = db.query(&query, params![suite, revision], |row| {
            Ok((rows::content(row)?, rows::text(row, CONTENT_WIDTH)?))
        })?;
        for (content, component) in &found {
            let moved = Moved {
                kind,
                suite: name,
                component,
                content,
                revision,
                cause: "rollback",
                reason: None,
                by,
            };
            receivers.report_move(db, &moved, now)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
