//! The rows of placements that go ahead.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use debian_control::digest::Sha256;

use super::super::events::{Moved, Receivers};
use super::super::{audit, describe, provenance, publications, rows};
use super::decide::Planned;
use crate::audit::AuditEvent;
use crate::sql::{ColumnType, Db, Given, Sql, SqlError, given_row};
use crate::webhooks::EventKind;
use crate::{Cluster, NewPlacement};

/// A placement and the keys of its rows.
struct Placing<'a> {
    wish: &'a NewPlacement,
    suite: i64,
    content: i64,
    /// Whether its content was there before.
    is_known: bool,
    version_key: Vec<u8>,
    revision: i64,
    /// The newest revision of the suite that was published.
    published: i64,
}

/// Writes what is planned, and tells those who asked to be told.
pub(super) fn write(db: &Db<'_>, planned: &Planned<'_>, receivers: &Receivers, now: i64) -> Sql<()> {
    let lifted = planned.lifted.iter().map(|id| given_row![*id]);
    db.execute_given(
        &Given::new(&[("id", ColumnType::Integer)], lifted),
        "delete from condemned_file where id in (select id from given)",
    )?;
    let all = placing(db, planned)?;
    pool_files(db, &all)?;
    identities(db, &all)?;
    placements(db, &all, now)?;
    come_from(db, &all, now)?;
    for placing in &all {
        if let Some(tags) = &placing.wish.metadata.tags {
            describe::set_tags(db, placing.content, placing.suite, tags)?;
        }
        receivers.report_move(db, &moved(placing), now)?;
    }
    let events: Vec<AuditEvent> = all.iter().filter_map(|placing| event(placing, now)).collect();
    audit::record_all(db, &events)
}

/// Raises the revisions of suites, and gives every content its key.
fn placing<'a>(db: &Db<'_>, planned: &Planned<'a>) -> Sql<Vec<Placing<'a>>> {
    let suites: BTreeSet<i64> = planned.placements.iter().map(|(_, found)| found.suite).collect();
    let mut revisions = BTreeMap::new();
    for suite in suites {
        let published = publications::newest_revision(db, suite)?;
        revisions.insert(suite, (rows::raise_revision(db, suite)?, published));
    }
    let contents = insert_contents(db, planned)?;
    let placing = planned.placements.iter().map(|(wish, found)| {
        let sha256 = &wish.content.content.sha256;
        let content = found.content.or_else(|| contents.get(sha256).copied());
        let (revision, published) = *revisions.get(&found.suite).ok_or(SqlError::NoRow)?;
        Ok(Placing {
            wish,
            suite: found.suite,
            content: content.ok_or(SqlError::NoRow)?,
            is_known: found.content.is_some(),
            version_key: wish.content.content.version.sort_key(),
            revision,
            published,
        })
    });
    placing.collect()
}

const CONTENT: &[(&str, ColumnType)] = &[
    ("sha256", ColumnType::Blob),
    ("size", ColumnType::Integer),
    ("name", ColumnType::Text),
    ("version", ColumnType::Text),
    ("version_key", ColumnType::Blob),
    ("architecture", ColumnType::Text),
    ("source", ColumnType::Text),
    ("control", ColumnType::Text),
    ("paths", ColumnType::Blob),
    ("created_at", ColumnType::Integer),
];

/// Inserts the contents that are new, each once, and returns their keys.
fn insert_contents(db: &Db<'_>, planned: &Planned<'_>) -> Sql<HashMap<Sha256, i64>> {
    let mut known = BTreeSet::new();
    let new = planned.placements.iter().filter(|(wish, found)| {
        found.content.is_none() && known.insert(*wish.content.content.sha256.as_bytes())
    });
    let given = new.map(|(wish, _)| {
        let content = &wish.content.content;
        given_row![
            content.sha256.as_bytes(),
            content.size,
            content.name.as_str(),
            content.version.as_str(),
            content.version.sort_key(),
            content.architecture.as_str(),
            content.source.as_str(),
            content.control.as_str(),
            wish.content.paths.as_slice(),
            content.created_at
        ]
    });
    let columns =
        "sha256, size, name, version, version_key, architecture, source, control, paths, created_at";
    let insert = format!("insert into content ({columns}) select {columns} from given returning id, sha256");
    let inserted = db.query_given(&Given::new(CONTENT, given), &insert, |row| {
        Ok((rows::sha256(row, 1)?, row.get(0)?))
    })?;
    Ok(inserted.into_iter().collect())
}

fn pool_files(db: &Db<'_>, all: &[Placing<'_>]) -> Sql<()> {
    let given = all.iter().map(|placing| {
        given_row![
            placing.wish.tree.as_str(),
            placing.wish.path.as_str(),
            placing.content
        ]
    });
    db.execute_given(
        &Given::new(
            &[
                ("tree", ColumnType::Text),
                ("path", ColumnType::Text),
                ("content_id", ColumnType::Integer),
            ],
            given,
        ),
        "insert into pool_file (tree, path, content_id) select tree, path, content_id from given where true
         on conflict do nothing",
    )
}

const IDENTITY: &[(&str, ColumnType)] = &[
    ("suite_id", ColumnType::Integer),
    ("name", ColumnType::Text),
    ("architecture", ColumnType::Text),
    ("version_key", ColumnType::Blob),
    ("version", ColumnType::Text),
    ("sha256", ColumnType::Blob),
];

fn identities(db: &Db<'_>, all: &[Placing<'_>]) -> Sql<()> {
    let given = all.iter().map(|placing| {
        let content = &placing.wish.content.content;
        given_row![
            placing.suite,
            content.name.as_str(),
            content.architecture.as_str(),
            placing.version_key.as_slice(),
            content.version.as_str(),
            content.sha256.as_bytes()
        ]
    });
    let columns = "suite_id, name, architecture, version_key, version, sha256";
    let insert = format!(
        "insert into identity ({columns}) select {columns} from given where true on conflict do nothing"
    );
    db.execute_given(&Given::new(IDENTITY, given), &insert)
}

const PLACEMENT: &[(&str, ColumnType)] = &[
    ("suite_id", ColumnType::Integer),
    ("component", ColumnType::Text),
    ("content_id", ColumnType::Integer),
    ("cluster", ColumnType::Text),
    ("name", ColumnType::Text),
    ("architecture", ColumnType::Text),
    ("version_key", ColumnType::Blob),
    ("added_revision", ColumnType::Integer),
    ("added_at", ColumnType::Integer),
    ("author", ColumnType::Text),
    ("section", ColumnType::Text),
    ("priority", ColumnType::Text),
    ("placed_after", ColumnType::Integer),
];

fn placements(db: &Db<'_>, all: &[Placing<'_>], now: i64) -> Sql<()> {
    let given = all.iter().map(|placing| {
        let Placing { wish, .. } = placing;
        let content = &wish.content.content;
        given_row![
            placing.suite,
            wish.component.as_str(),
            placing.content,
            Cluster::of(content).0,
            content.name.as_str(),
            content.architecture.as_str(),
            placing.version_key.as_slice(),
            placing.revision,
            now,
            wish.by.as_ref().and_then(|by| by.name.as_deref()),
            wish.metadata.section.as_deref(),
            wish.metadata.priority.as_deref(),
            placing.published
        ]
    });
    let columns =
        "suite_id, component, content_id, cluster, name, architecture, version_key, added_revision, added_at,
                   author, section, priority, placed_after";
    let insert = format!("insert into placement ({columns}) select {columns} from given");
    db.execute_given(&Given::new(PLACEMENT, given), &insert)?;
    // It is back: where it goes again, its file goes as any other does.
    let known = all.iter().filter(|placing| placing.is_known);
    let known = known.map(|placing| given_row![placing.suite, placing.content]);
    db.execute_given(
        &Given::new(
            &[
                ("suite_id", ColumnType::Integer),
                ("content_id", ColumnType::Integer),
            ],
            known,
        ),
        "update placement set yanked = null
         where yanked is not null and (suite_id, content_id) in (select suite_id, content_id from given)",
    )
}

/// Notes how each content comes into its suite.
fn come_from(db: &Db<'_>, all: &[Placing<'_>], now: i64) -> Sql<()> {
    let arrivals = all.iter().filter_map(|placing| {
        let by = placing.wish.by.as_ref();
        // What is new has come from nowhere yet.
        (by.is_some() || placing.is_known).then_some(provenance::NewProvenance {
            content: placing.content,
            suite: placing.suite,
            by,
        })
    });
    provenance::record(db, arrivals.collect(), now)
}

fn moved<'a>(placing: &Placing<'a>) -> Moved<'a> {
    Moved {
        kind: EventKind::PackageUploaded,
        suite: &placing.wish.suite,
        component: &placing.wish.component,
        content: &placing.wish.content.content,
        revision: placing.revision,
        cause: "added",
        reason: None,
        by: placing.wish.by.as_ref(),
    }
}

/// Returns what the audit log says of a placement, where it is by somebody.
fn event(placing: &Placing<'_>, now: i64) -> Option<AuditEvent> {
    let Placing { wish, .. } = placing;
    let by = wish.by.as_ref()?;
    let mut place = serde_json::json!({ "suite": wish.suite.as_str(), "component": wish.component.as_str() });
    if let (Some(place), false) = (place.as_object_mut(), wish.accepted.is_empty()) {
        place.insert(
            "accepted_vulnerabilities".to_owned(),
            wish.accepted.clone().into(),
        );
    }
    Some(audit::package_event(
        "package.add",
        by,
        &wish.content.content,
        place,
        now,
    ))
}
