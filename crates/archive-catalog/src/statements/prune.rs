//! Forgetting what nothing needs any more.

use debian_control::name::Component;

use super::events::{Moved, Receivers};
use super::rows::{self, CONTENT, CONTENT_WIDTH};
use super::trees;
use crate::sql::{Db, Param, Sql, params};
use crate::webhooks::EventKind;
use crate::{Content, PruneResult, PrunedVersion, Retention};

/// Applies the retention of every suite, and returns what went.
pub(crate) fn prune(db: &Db<'_>, retentions: &[Retention], now: i64) -> Sql<PruneResult> {
    let mut forgotten = PruneResult::default();
    for retention in retentions {
        let suite = rows::suite_id(db, &retention.suite)?;
        forgotten
            .versions
            .extend(remove_old_versions(db, suite, retention, now)?);
        db.execute(
            &format!(
                "delete from publication where id in ({})",
                old_publications("?1", "?2", "?3")
            ),
            params![suite, retention.publications_until, retention.keep_generations],
        )?;
        // Contents may be of an older revision than their publication, and the next ones are made of what differs from them.
        db.execute(
            &format!("delete from placement where id in ({})", ended(1)),
            &ended_by(suite, retention),
        )?;
    }
    forgotten.files = trees::unneeded(db)?;
    trees::forget_unneeded(db)?;
    // The identity of a content stays without it: that is the tombstone.
    db.execute(
        "delete from content where not exists (select 1 from pool_file where content_id = content.id)",
        &[],
    )?;
    Ok(forgotten)
}

/// Returns what a prune would forget. Reads only.
pub(crate) fn preview(db: &Db<'_>, retentions: &[Retention]) -> Sql<PruneResult> {
    let mut versions = Vec::new();
    let (mut endings, mut values) = (Vec::new(), vec![Param::Null]);
    for retention in retentions {
        let suite = rows::suite_id(db, &retention.suite)?;
        let old = old_versions(db, suite, retention)?;
        versions.extend(
            old.into_iter()
                .map(|(content, ..)| pruned_version(retention, content)),
        );
        endings.push(ended(values.len() + 1));
        values.extend(ended_by(suite, retention));
    }
    let files = if endings.is_empty() {
        trees::unneeded(db)?
    } else {
        trees::unneeded_without(db, &endings.join(" union all "), values)?
    };
    Ok(PruneResult { versions, files })
}

/// Removes versions from a suite where newer ones are enough, and returns them.
fn remove_old_versions(db: &Db<'_>, suite: i64, retention: &Retention, now: i64) -> Sql<Vec<PrunedVersion>> {
    let old = old_versions(db, suite, retention)?;
    if old.is_empty() {
        return Ok(Vec::new());
    }
    let revision = rows::raise_revision(db, suite)?;
    let receivers = Receivers::read(db)?;
    let mut pruned = Vec::with_capacity(old.len());
    for (content, id, component) in old {
        db.execute(
            "update placement set removed_revision = ?1, removed_at = ?2 where id = ?3",
            params![revision, now, id],
        )?;
        let moved = Moved {
            kind: EventKind::PackageRemoved,
            suite: &retention.suite,
            component: &component,
            content: &content,
            revision,
            cause: "retention",
            reason: None,
            by: None,
        };
        receivers.report_move(db, &moved, now)?;
        pruned.push(pruned_version(retention, content));
    }
    Ok(pruned)
}

fn pruned_version(retention: &Retention, content: Content) -> PrunedVersion {
    PrunedVersion {
        suite: retention.suite.clone(),
        name: content.name,
        version: content.version,
        architecture: content.architecture,
    }
}

/// Returns the packages in a suite of which newer versions are enough, and their placements.
fn old_versions(db: &Db<'_>, suite: i64, retention: &Retention) -> Sql<Vec<(Content, i64, Component)>> {
    let Some(keep) = retention.keep_versions else {
        return Ok(Vec::new());
    };
    let query = format!(
        "select {CONTENT}, placement.id, placement.component from
             (select id, row_number() over (partition by name, architecture order by version_key desc) as rank
              from placement where suite_id = ?1 and removed_revision is null) as ranked
         join placement on placement.id = ranked.id
         join content on content.id = placement.content_id
         where rank > ?2
         order by placement.name, placement.architecture, placement.version_key"
    );
    db.query(&query, params![suite, keep], |row| {
        let component = rows::text(row, CONTENT_WIDTH + 1)?;
        Ok((rows::content(row)?, row.get(CONTENT_WIDTH)?, component))
    })
}

/// Returns the statement for publications of a suite that are neither live, nor superseded since `until`, nor among the `keep` newest.
fn old_publications(suite: &str, until: &str, keep: &str) -> String {
    format!(
        "select id from publication where suite_id = {suite} and superseded_at is not null and superseded_at < {until}
         and id not in (select id from publication where suite_id = {suite} order by id desc limit {keep})"
    )
}

/// Returns the statement for placements that ended and that neither a publication which is kept nor a pinned state shows. Its values are those of
/// [`ended_by`], from the parameter `first` on.
fn ended(first: usize) -> String {
    let [suite, publications_until, keep, removed_until] =
        [0, 1, 2, 3].map(|offset| format!("?{}", first + offset));
    let old = old_publications(&suite, &publications_until, &keep);
    let shown = |table: &str, revision: &str, more: &str| {
        format!(
            "exists (select 1 from {table} where {table}.suite_id = {suite} and {table}.{revision} >= placement.added_revision
                     and {table}.{revision} < placement.removed_revision{more})"
        )
    };
    let is_kept = format!(" and publication.id not in ({old})");
    format!(
        "select id from placement where suite_id = {suite} and removed_revision is not null
         and removed_at < {removed_until} and yanked is null
         and not {} and not {} and not {}",
        shown("publication", "revision", &is_kept),
        shown("publication", "contents_revision", &is_kept),
        shown("pinned", "revision", "")
    )
}

/// Returns the values for [`ended`].
fn ended_by(suite: i64, retention: &Retention) -> Vec<Param<'static>> {
    vec![
        suite.into(),
        retention.publications_until.into(),
        i64::from(retention.keep_generations).into(),
        retention.removed_until.into(),
    ]
}
