//! Rows to values.

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::Content;

/// The columns that [`content`] reads, in its order.
pub(super) const CONTENT: &str = "content.sha256, content.size, content.name, content.version, content.architecture, content.source, content.control, content.created_at";

/// How many columns [`CONTENT`] has.
pub(super) const CONTENT_WIDTH: usize = 8;

/// Reads a content from the first columns of a row.
pub(super) fn content(row: &Row<'_>) -> Result<Content, rusqlite::Error> {
    Ok(Content {
        sha256: sha256(row, 0)?,
        size: row.get(1)?,
        name: text(row, 2)?,
        version: text(row, 3)?,
        architecture: text(row, 4)?,
        source: text(row, 5)?,
        control: row.get(6)?,
        created_at: row.get(7)?,
    })
}

/// Reads a column that holds the text of a checked type.
pub(super) fn text<T>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get_ref(column)?
        .as_str()?
        .parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Reads a column that holds a digest.
pub(super) fn sha256(row: &Row<'_>, column: usize) -> Result<Sha256, rusqlite::Error> {
    row.get(column).map(Sha256::from_bytes)
}

/// Returns the codenames that have a row.
pub(super) fn codenames(db: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    db.prepare_cached("select codename from suite")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Returns the key of a suite.
pub(super) fn suite_id(db: &Connection, suite: &SuiteName) -> Result<i64, rusqlite::Error> {
    db.prepare_cached("select id from suite where codename = ?1")?
        .query_row([suite.as_str()], |row| row.get(0))
}

/// Raises the revision of a suite and returns it.
pub(super) fn raise_revision(db: &Connection, suite: i64) -> Result<i64, rusqlite::Error> {
    db.prepare_cached("update suite set revision = revision + 1 where id = ?1 returning revision")?
        .query_row([suite], |row| row.get(0))
}

/// Returns the key of a content by its digest.
pub(super) fn content_id(db: &Connection, sha256: &Sha256) -> Result<Option<i64>, rusqlite::Error> {
    db.prepare_cached("select id from content where sha256 = ?1")?
        .query_row([sha256.as_bytes()], |row| row.get(0))
        .optional()
}
