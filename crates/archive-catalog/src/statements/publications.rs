//! What was published.

use debian_control::name::SuiteName;

use super::events::Receivers;
use super::rows;
use crate::lease::Epoch;
use crate::postgres;
use crate::sql::{Db, Row, Sql, SqlError, params};
use crate::{ContentsState, Progress, Publication, PublishedFile};

const COLUMNS: &str = "revision, date, superseded_at, settings, inrelease_sha256, valid_until, contents_at, contents_revision, id, packages";

/// Records a publish; the one before it is superseded `now`. False when another has the lease of the suite.
pub(crate) fn record(
    db: &Db<'_>,
    name: &SuiteName,
    publication: &Publication,
    lease: Option<Epoch>,
    now: i64,
) -> Sql<bool> {
    let suite = rows::suite_id(db, name)?;
    if !postgres::lease_holds(db, suite, lease)? {
        return Ok(false);
    }
    db.execute(
        "update publication set superseded_at = ?2 where suite_id = ?1 and superseded_at is null",
        params![suite, now],
    )?;
    let id = db.insert("insert into publication
                 (suite_id, revision, date, settings, inrelease_sha256, valid_until, contents_at, contents_revision,
                  packages)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", params![
            suite,
            publication.revision,
            publication.date,
            publication.settings,
            publication.inrelease.as_bytes(),
            publication.valid_until,
            publication.contents.map(|contents| contents.at),
            publication.contents.map(|contents| contents.revision),
            publication.packages
        ])?;
    for file in &publication.files {
        db.execute(
            "insert into publication_file (publication_id, path, sha256, size) values (?1, ?2, ?3, ?4)",
            params![id, file.path, file.sha256.as_bytes(), file.size],
        )?;
    }
    db.execute(
        "update suite set last_date = ?2 where id = ?1",
        params![suite, publication.date],
    )?;
    Receivers::read(db)?.report_publication(db, name, publication, now)?;
    Ok(true)
}

/// Forgets that a suite was published, and what was pinned of it.
pub(crate) fn forget(db: &Db<'_>, suite: &SuiteName) -> Sql<()> {
    let suite = rows::suite_id(db, suite)?;
    db.execute("delete from publication where suite_id = ?1", params![suite])?;
    db.execute("delete from pinned where suite_id = ?1", params![suite])?;
    Ok(())
}

/// Returns the publications of a suite, newest first.
pub(crate) fn all(db: &Db<'_>, suite: &SuiteName) -> Sql<Vec<Publication>> {
    let suite = rows::suite_id(db, suite)?;
    let query = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc");
    let found: Vec<(i64, Publication)> = db.query(&query, params![suite], read)?;
    found.into_iter().map(|found| with_files(db, found)).collect()
}

/// Returns the revision of the publication that has a date.
pub(crate) fn revision_at(db: &Db<'_>, suite: &SuiteName, date: i64) -> Sql<Option<i64>> {
    let suite = rows::suite_id(db, suite)?;
    db.query_optional(
        "select revision from publication where suite_id = ?1 and date = ?2",
        params![suite, date],
        |row| row.get(0),
    )
}

/// Returns the revision of the newest publication of a suite; 0 before the first one.
///
/// It is where a placement that is made now stands in the order of an index.
pub(crate) fn newest_revision(db: &Db<'_>, suite: i64) -> Sql<i64> {
    let newest: Option<i64> = db.query_optional(
        "select revision from publication where suite_id = ?1 order by id desc limit 1",
        params![suite],
        |row| row.get(0),
    )?;
    Ok(newest.unwrap_or(0))
}

/// Returns the newest publication of a suite.
pub(crate) fn newest(db: &Db<'_>, suite: i64) -> Sql<Option<Publication>> {
    let query = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc limit 1");
    let found = db.query_optional(&query, params![suite], read)?;
    found.map(|found| with_files(db, found)).transpose()
}

/// Returns where each suite stands and its newest publication, without its files.
pub(crate) fn progress(db: &Db<'_>) -> Sql<Vec<Progress>> {
    let newest = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc limit 1");
    let suites: Vec<(i64, SuiteName, i64)> = db.query(
        "select id, codename, revision from suite order by codename",
        &[],
        |row| Ok((row.get(0)?, rows::text(row, 1)?, row.get(2)?)),
    )?;
    let progress = suites.into_iter().map(|(id, suite, revision)| {
        let publication = db.query_optional(&newest, params![id], read)?;
        Ok(Progress {
            suite,
            revision,
            publication: publication.map(|(_, publication)| publication),
        })
    });
    progress.collect()
}

/// Returns the suites that changed after their newest publication, and when they did so first.
pub(crate) fn unpublished_since(db: &Db<'_>) -> Sql<Vec<(SuiteName, i64)>> {
    let mut found = Vec::new();
    for progress in progress(db)?
        .into_iter()
        .filter(|progress| !progress.is_published())
    {
        let suite = rows::suite_id(db, &progress.suite)?;
        let published = progress.publication.map_or(0, |publication| publication.revision);
        let since: Option<i64> = db.query_one(
            "select min(at) from (
                 select min(added_at) as at from placement where suite_id = ?1 and added_revision > ?2
                 union all
                 select min(removed_at) from placement where suite_id = ?1 and removed_revision > ?2
                 union all
                 select min(security_report.at) from finding
                     join security_report on security_report.suite_id = finding.suite_id
                     where finding.suite_id = ?1 and finding.revision > ?2) as change",
            params![suite, published],
            |row| row.get(0),
        )?;
        found.extend(since.map(|since| (progress.suite, since)));
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Sql<(i64, Publication)> {
    let publication = Publication {
        revision: row.get(0)?,
        packages: row.get(9)?,
        date: row.get(1)?,
        superseded_at: row.get(2)?,
        settings: row.get(3)?,
        inrelease: rows::sha256(row, 4)?,
        valid_until: row.get(5)?,
        contents: contents(row)?,
        files: Vec::new(),
    };
    Ok((row.get(8)?, publication))
}

/// Reads when the Contents indexes were built and what they show: both, or neither.
fn contents(row: &Row<'_>) -> Sql<Option<ContentsState>> {
    match (row.get(6)?, row.get(7)?) {
        (Some(at), Some(revision)) => Ok(Some(ContentsState { at, revision })),
        (None, None) => Ok(None),
        _ => Err(SqlError::Column {
            column: 6,
            what: "half of what is known of Contents indexes".to_owned(),
        }),
    }
}

fn with_files(db: &Db<'_>, (id, mut publication): (i64, Publication)) -> Sql<Publication> {
    publication.files = db.query(
        "select path, sha256, size from publication_file where publication_id = ?1 order by path",
        params![id],
        |row| {
            Ok(PublishedFile {
                path: row.get(0)?,
                sha256: rows::sha256(row, 1)?,
                size: row.get(2)?,
            })
        },
    )?;
    Ok(publication)
}
