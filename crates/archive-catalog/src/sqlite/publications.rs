//! What was published.

use debian_control::name::SuiteName;
use rusqlite::{Connection, Row, params};

use super::rows;
use crate::{ContentsState, Progress, Publication, PublishedFile};

type Sql<T> = Result<T, rusqlite::Error>;

const COLUMNS: &str = "revision, date, superseded_at, settings, inrelease_sha256, valid_until, contents_at, contents_revision, id, packages";

/// Records a publish; the one before it is superseded `now`.
pub(super) fn record(db: &Connection, suite: &SuiteName, publication: &Publication, now: i64) -> Sql<()> {
    let suite = rows::suite_id(db, suite)?;
    db.prepare_cached(
        "update publication set superseded_at = ?2 where suite_id = ?1 and superseded_at is null",
    )?
    .execute(params![suite, now])?;
    let id = db
        .prepare_cached(
            "insert into publication
                 (suite_id, revision, date, settings, inrelease_sha256, valid_until, contents_at, contents_revision,
                  packages)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .insert(params![
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
        db.prepare_cached(
            "insert into publication_file (publication_id, path, sha256, size) values (?1, ?2, ?3, ?4)",
        )?
        .execute(params![id, file.path, file.sha256.as_bytes(), file.size])?;
    }
    db.prepare_cached("update suite set last_date = ?2 where id = ?1")?
        .execute([suite, publication.date])?;
    Ok(())
}

/// Forgets that a suite was published, and what was pinned of it.
pub(super) fn forget(db: &Connection, suite: &SuiteName) -> Sql<()> {
    let suite = rows::suite_id(db, suite)?;
    db.execute("delete from publication where suite_id = ?1", [suite])?;
    db.execute("delete from pinned where suite_id = ?1", [suite])?;
    Ok(())
}

/// Returns the publications of a suite, newest first.
pub(super) fn all(db: &Connection, suite: &SuiteName) -> Sql<Vec<Publication>> {
    let suite = rows::suite_id(db, suite)?;
    let query = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc");
    let found: Vec<(i64, Publication)> = db
        .prepare_cached(&query)?
        .query_map([suite], read)?
        .collect::<Sql<_>>()?;
    found.into_iter().map(|found| with_files(db, found)).collect()
}

/// Returns the newest publication of a suite.
pub(super) fn newest(db: &Connection, suite: i64) -> Sql<Option<Publication>> {
    let query = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc limit 1");
    let found = db
        .prepare_cached(&query)?
        .query_map([suite], read)?
        .next()
        .transpose()?;
    found.map(|found| with_files(db, found)).transpose()
}

/// Returns where each suite stands and its newest publication, without its files.
pub(super) fn progress(db: &Connection) -> Sql<Vec<Progress>> {
    let query = format!("select {COLUMNS} from publication where suite_id = ?1 order by id desc limit 1");
    let mut newest = db.prepare_cached(&query)?;
    let mut suites = db.prepare_cached("select id, codename, revision from suite order by codename")?;
    let mut found = suites.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let publication = newest
            .query_map([row.get::<_, i64>(0)?], read)?
            .next()
            .transpose()?;
        all.push(Progress {
            suite: rows::text(row, 1)?,
            revision: row.get(2)?,
            publication: publication.map(|(_, publication)| publication),
        });
    }
    Ok(all)
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
        contents: match (row.get(6)?, row.get(7)?) {
            (Some(at), Some(revision)) => Some(ContentsState { at, revision }),
            _ => None,
        },
        files: Vec::new(),
    };
    Ok((row.get(8)?, publication))
}

fn with_files(db: &Connection, (id, mut publication): (i64, Publication)) -> Sql<Publication> {
    publication.files = db
        .prepare_cached(
            "select path, sha256, size from publication_file where publication_id = ?1 order by path",
        )?
        .query_map([id], |row| {
            Ok(PublishedFile {
                path: row.get(0)?,
                sha256: rows::sha256(row, 1)?,
                size: row.get(2)?,
            })
        })?
        .collect::<Sql<_>>()?;
    Ok(publication)
}
