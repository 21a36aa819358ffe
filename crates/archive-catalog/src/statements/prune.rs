//! Forgetting what nothing needs any more.

use debian_control::name::Component;

use super::events::{Moved, Receivers};
use super::rows::{self, CONTENT, CONTENT_WIDTH};
use super::trees;
use crate::sql::{Db, Sql, params};
use crate::webhooks::EventKind;
use crate::{Content, PruneResult, PrunedVersion, Retention};

/// Applies the retention of every suite, and returns what went.
pub(crate) fn prune(db: &Db<'_>, retentions: &[Retention], now: i64) -> Sql<PruneResult> {
    let mut forgotten = PruneResult::default();
    for retention in retentions {
        let suite = rows::suite_id(db, &retention.suite)?;
        if let Some(keep) = retention.keep_versions {
            remove_old_versions(db, suite, keep, retention, now, &mut forgotten)?;
        }
        forget_publications(db, suite, retention)?;
        forget_placements(db, suite, retention)?;
    }
    forgotten.files = forget_files(db)?;
    // The identity of a content stays without it: that is the tombstone.
    db.execute(
        "delete from content where not exists (select 1 from pool_file where content_id = content.id)",
        &[],
    )?;
    Ok(forgotten)
}

fn remove_old_versions(
    db: &Db<'_>,
    suite: i64,
    keep: u32,
    retention: &Retention,
    now: i64,
    forgotten: &mut PruneResult,
) -> Sql<()> {
    let query = format!(
        "select {CONTENT}, placement.id, placement.component from
             (select id, row_number() over (partition by name, architecture order by version_key desc) as rank
              from placement where suite_id = ?1 and removed_revision is null) as ranked
         join placement on placement.id = ranked.id
         join content on content.id = placement.content_id
         where rank > ?2
         order by placement.name, placement.architecture, placement.version_key"
    );
    let old: Vec<(Content, i64, Component)> = db.query(&query, params![suite, keep], |row| {
        let component = rows::text(row, CONTENT_WIDTH + 1)?;
        Ok((rows::content(row)?, row.get(CONTENT_WIDTH)?, component))
    })?;
    if old.is_empty() {
        return Ok(());
    }
    let revision = rows::raise_revision(db, suite)?;
    let receivers = Receivers::read(db)?;
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
        forgotten.versions.push(PrunedVersion {
            suite: retention.suite.clone(),
            name: content.name,
            version: content.version,
            architecture: content.architecture,
        });
    }
    Ok(())
}

/// Forgets publications that are neither live, nor among the newest, nor young.
fn forget_publications(db: &Db<'_>, suite: i64, retention: &Retention) -> Sql<()> {
    db.execute(
        "delete from publication where suite_id = ?1 and superseded_at is not null and superseded_at < ?2
         and id not in (select id from publication where suite_id = ?1 order by id desc limit ?3)",
        params![suite, retention.publications_until, retention.keep_generations],
    )?;
    Ok(())
}

/// Forgets placements that ended and that neither a publication which is kept nor a pinned state shows.
///
/// A file stays fetchable for a time after the last index that named it; until a removal is published, the live one does.
/// Contents may be of an older revision than their publication, and the next ones are made of what differs from them.
fn forget_placements(db: &Db<'_>, suite: i64, retention: &Retention) -> Sql<()> {
    db.execute(
        "delete from placement where suite_id = ?1 and removed_revision is not null and removed_at < ?2 and yanked is null
         and not exists
             (select 1 from publication where publication.suite_id = ?1
              and publication.revision >= placement.added_revision
              and publication.revision < placement.removed_revision)
         and not exists
             (select 1 from publication where publication.suite_id = ?1
              and publication.contents_revision >= placement.added_revision
              and publication.contents_revision < placement.removed_revision)
         and not exists
             (select 1 from pinned where pinned.suite_id = ?1
              and pinned.revision >= placement.added_revision
              and pinned.revision < placement.removed_revision)",
        params![suite, retention.removed_until],
    )?;
    Ok(())
}

/// Forgets the files that no placement in their tree needs; returns their paths below the root.
fn forget_files(db: &Db<'_>) -> Sql<Vec<String>> {
    let paths = trees::unneeded(db)?;
    trees::forget_unneeded(db)?;
    Ok(paths)
}
