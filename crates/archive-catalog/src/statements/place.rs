//! Placing and removing.

use std::collections::BTreeMap;

use debian_control::digest::Sha256;

use super::events::{Moved, Receivers};
use super::quotas::Tally;
use super::{accounts, audit, condemned, describe, provenance, publications, rows, security_reports, select};
use crate::audit::{Actor, AuditEvent};
use crate::sql::{Db, Sql, params};
use crate::webhooks::EventKind;
use crate::{Cluster, Conflict, Content, Entry, NewPlacement, PlacedSet, PlacementOutcome, Selection};

/// How far a transaction has got.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The revision that it gave each suite it changed.
    revisions: BTreeMap<i64, i64>,
    /// What is used of quotas.
    tally: Tally,
}

/// Places each set that nothing stands against, under one new revision a suite.
pub(crate) fn place(db: &Db<'_>, sets: &[Vec<NewPlacement>], now: i64) -> Sql<Vec<PlacedSet>> {
    let mut progress = Progress::default();
    let receivers = Receivers::read(db)?;
    sets.iter()
        .map(|set| match set.as_slice() {
            // What is refused alone leaves no trace anyway.
            [_] => place_set(db, &mut progress, set, (&receivers, now)),
            _ => whole(db, &mut progress, |progress| {
                place_set(db, progress, set, (&receivers, now))
            }),
        })
        .collect()
}

/// Does `work`, and undoes it where its answer is a refusal.
fn whole(
    db: &Db<'_>,
    progress: &mut Progress,
    work: impl FnOnce(&mut Progress) -> Sql<PlacedSet>,
) -> Sql<PlacedSet> {
    let before = progress.clone();
    db.batch("savepoint placed_set")?;
    let placed = work(progress)?;
    if placed.is_err() {
        db.batch("rollback to placed_set")?;
        *progress = before;
    }
    db.batch("release placed_set")?;
    Ok(placed)
}

/// Places the wishes of a set up to the first that is refused.
fn place_set(
    db: &Db<'_>,
    progress: &mut Progress,
    set: &[NewPlacement],
    (receivers, now): (&Receivers, i64),
) -> Sql<PlacedSet> {
    let mut placed = Vec::with_capacity(set.len());
    for wish in set {
        if !accounts::is_authorized(db, wish.by.as_ref(), now)? {
            return Ok(Err(Box::new(Conflict::AuthorityEnded)));
        }
        let suite = rows::suite_id(db, &wish.suite)?;
        let outcome = check_placement(db, suite, wish)?;
        match outcome {
            Err(conflict) => return Ok(Err(conflict)),
            Ok(PlacementOutcome::Added) => {
                if !security_reports::is_judged_by_the_last_scan(db, suite, wish)? {
                    return Ok(Err(Box::new(Conflict::ScannedMeanwhile)));
                }
                let tally = match progress.tally.with(db, suite, wish)? {
                    Ok(tally) => tally,
                    Err(conflict) => return Ok(Err(conflict)),
                };
                if let Err(conflict) = condemned::lift(db, wish)? {
                    return Ok(Err(conflict));
                }
                let revision = match progress.revisions.get(&suite) {
                    Some(revision) => *revision,
                    None => rows::raise_revision(db, suite)?,
                };
                progress.revisions.insert(suite, revision);
                progress.tally = tally;
                insert(db, suite, revision, wish, now)?;
                let moved = Moved {
                    kind: EventKind::PackageUploaded,
                    suite: &wish.suite,
                    component: &wish.component,
                    content: &wish.content.content,
                    revision,
                    cause: "added",
                    reason: None,
                    by: wish.by.as_ref(),
                };
                receivers.report_move(db, &moved, now)?;
                placed.push(PlacementOutcome::Added);
            }
            Ok(PlacementOutcome::Unchanged) => placed.push(PlacementOutcome::Unchanged),
        }
    }
    Ok(Ok(placed))
}

/// Says what placing would meet with.
pub(crate) fn check_placement(
    db: &Db<'_>,
    suite: i64,
    wish: &NewPlacement,
) -> Sql<Result<PlacementOutcome, Box<Conflict>>> {
    if let Some(conflict) = identity_conflict(db, suite, wish)? {
        return Ok(Err(conflict));
    }
    let content = &wish.content.content;
    let stands: Option<String> = db.query_optional(
        "select component from placement join content on content.id = content_id
             where suite_id = ?1 and sha256 = ?2 and removed_revision is null",
        params![suite, content.sha256.as_bytes()],
        |row| row.get(0),
    )?;
    match stands {
        Some(component) if component == wish.component.as_str() => {
            return Ok(Ok(PlacementOutcome::Unchanged));
        }
        Some(component) => {
            return Ok(Err(Box::new(Conflict::OtherComponent {
                suite: wish.suite.clone(),
                held: component,
                offered: wish.component.clone(),
            })));
        }
        None => {}
    }
    let owner: Option<Sha256> = db.query_optional(
        "select sha256 from pool_file join content on content.id = content_id where tree = ?1 and path = ?2",
        params![wish.tree.as_str(), wish.path.as_str()],
        |row| rows::sha256(row, 0),
    )?;
    if owner.is_some_and(|owner| owner != content.sha256) {
        return Ok(Err(Box::new(Conflict::PathTaken(wish.path.clone()))));
    }
    Ok(Ok(PlacementOutcome::Added))
}

fn identity_conflict(db: &Db<'_>, suite: i64, wish: &NewPlacement) -> Sql<Option<Box<Conflict>>> {
    let content = &wish.content.content;
    let held: Option<(String, Sha256)> = db.query_optional(
        "select version, sha256 from identity
             where suite_id = ?1 and name = ?2 and architecture = ?3 and version_key = ?4",
        params![
            suite,
            content.name.as_str(),
            content.architecture.as_str(),
            content.version.sort_key()
        ],
        |row| Ok((row.get(0)?, rows::sha256(row, 1)?)),
    )?;
    let Some((version, sha256)) = held else {
        return Ok(None);
    };
    if version != content.version.as_str() {
        return Ok(Some(Box::new(Conflict::EqualVersion {
            suite: wish.suite.clone(),
            name: content.name.clone(),
            architecture: content.architecture.clone(),
            held: version,
            offered: content.version.as_str().to_owned(),
        })));
    }
    Ok((sha256 != content.sha256).then(|| {
        Box::new(Conflict::OtherBytes {
            suite: wish.suite.clone(),
            name: content.name.clone(),
            version,
            architecture: content.architecture.clone(),
            held: sha256,
            offered: content.sha256,
        })
    }))
}

fn insert(db: &Db<'_>, suite: i64, revision: i64, wish: &NewPlacement, now: i64) -> Sql<()> {
    let content = &wish.content.content;
    let version_key = content.version.sort_key();
    let id = match rows::content_id(db, &content.sha256)? {
        Some(id) => id,
        None => insert_content(db, wish, &version_key)?,
    };
    db.execute(
        "insert into pool_file (tree, path, content_id) values (?1, ?2, ?3) on conflict do nothing",
        params![wish.tree, wish.path, id],
    )?;
    db.execute(
        "insert into identity (suite_id, name, architecture, version_key, version, sha256)
             values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
        params![
            suite,
            content.name.as_str(),
            content.architecture.as_str(),
            version_key,
            content.version.as_str(),
            content.sha256.as_bytes()
        ],
    )?;
    db.execute("insert into placement
                 (suite_id, component, content_id, cluster, name, architecture, version_key, added_revision, added_at,
                  author, section, priority, placed_after)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", params![
        suite,
        wish.component.as_str(),
        id,
        Cluster::of(content).0,
        content.name.as_str(),
        content.architecture.as_str(),
        version_key,
        revision,
        now,
        wish.by.as_ref().and_then(|by| by.name.as_deref()),
        wish.metadata.section,
        wish.metadata.priority,
        publications::newest_revision(db, suite)?
    ])?;
    if let Some(tags) = &wish.metadata.tags {
        describe::set_tags(db, id, suite, tags)?;
    }
    provenance::record(db, (id, suite), wish.by.as_ref(), now)?;
    // It is back: where it goes again, its file goes as any other does.
    db.execute(
        "update placement set yanked = null where suite_id = ?1 and content_id = ?2 and yanked is not null",
        params![suite, id],
    )?;
    if let Some(by) = &wish.by {
        let mut place =
            serde_json::json!({ "suite": wish.suite.as_str(), "component": wish.component.as_str() });
        if let (Some(place), false) = (place.as_object_mut(), wish.accepted.is_empty()) {
            place.insert(
                "accepted_vulnerabilities".to_owned(),
                wish.accepted.clone().into(),
            );
        }
        audit::record(db, &event("package.add", by, content, place, now))?;
    }
    Ok(())
}

fn event(
    action: &'static str,
    by: &Actor,
    content: &Content,
    mut detail: serde_json::Value,
    now: i64,
) -> AuditEvent {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("sha256".to_owned(), content.sha256.to_string().into());
    }
    AuditEvent {
        at: now,
        actor: by.clone(),
        action,
        subject: format!("{} {} {}", content.name, content.version, content.architecture),
        detail: detail.to_string(),
    }
}

fn insert_content(db: &Db<'_>, wish: &NewPlacement, version_key: &[u8]) -> Sql<i64> {
    let content = &wish.content.content;
    db.insert(
        "insert into content
                 (sha256, size, name, version, version_key, architecture, source, control, paths, created_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            content.sha256.as_bytes(),
            content.size,
            content.name.as_str(),
            content.version.as_str(),
            version_key,
            content.architecture.as_str(),
            content.source.as_str(),
            content.control,
            wish.content.paths,
            content.created_at
        ],
    )
}

/// Ends the live placements that `selections` mean, each of them something else, under one new revision a suite; where they are `yanked`, says why.
pub(crate) fn remove(
    db: &Db<'_>,
    selections: &[Selection],
    yanked: Option<&str>,
    (by, now): (Option<&Actor>, i64),
) -> Sql<Vec<Entry>> {
    let mut meant = Vec::new();
    for selection in selections {
        meant.extend(select::live(db, selection)?);
    }
    let mut revisions = BTreeMap::new();
    let receivers = Receivers::read(db)?;
    for placement in &meant {
        let suite = rows::suite_id(db, &placement.suite)?;
        let revision = match revisions.get(&suite) {
            Some(revision) => *revision,
            None => rows::raise_revision(db, suite)?,
        };
        revisions.insert(suite, revision);
        db.execute(
            "update placement set removed_revision = ?1, removed_at = ?2, yanked = ?4 where id = ?3",
            params![revision, now, placement.id, yanked],
        )?;
        if let Some(id) = rows::content_id(db, &placement.content.sha256)? {
            describe::touch(db, id, suite, now)?;
        }
        let moved = Moved {
            kind: EventKind::PackageRemoved,
            suite: &placement.suite,
            component: &placement.component,
            content: &placement.content,
            revision,
            cause: if yanked.is_some() { "yanked" } else { "removed" },
            reason: yanked,
            by,
        };
        receivers.report_move(db, &moved, now)?;
        if let Some(by) = by {
            let suite = placement.suite.as_str();
            let (action, place) = match yanked {
                Some(reason) => (
                    "package.yank",
                    serde_json::json!({ "suite": suite, "reason": reason }),
                ),
                None => ("package.remove", serde_json::json!({ "suite": suite })),
            };
            audit::record(db, &event(action, by, &placement.content, place, now))?;
        }
    }
    Ok(select::entries(meant))
}
