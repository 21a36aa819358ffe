//! Rows to values.

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use crate::Content;
use crate::postgres;
use crate::sql::{Db, Row, Sql, SqlError, params};

/// The columns that [`content`] reads, in its order.
pub(crate) const CONTENT: &str = "content.sha256, content.size, content.name, content.version, content.architecture, content.source, content.control, content.created_at";

/// How many columns [`CONTENT`] has.
pub(crate) const CONTENT_WIDTH: usize = 8;

/// Reads a content from the first columns of a row.
pub(crate) fn content(row: &Row<'_>) -> Sql<Content> {
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

/// Reads a text of a checked type that is no column.
pub(crate) fn parsed<T>(text: &str) -> Sql<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse()
        .map_err(|error: T::Err| SqlError::Setting(error.to_string()))
}

/// Reads a column that holds the text of a checked type.
pub(crate) fn text<T>(row: &Row<'_>, column: usize) -> Sql<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<&str>(column)?
        .parse()
        .map_err(|error: T::Err| SqlError::Column {
            column,
            what: error.to_string(),
        })
}

/// Reads a column that holds the text of a checked type, or null.
pub(crate) fn optional_text<T>(row: &Row<'_>, column: usize) -> Sql<Option<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    match row.get::<Option<&str>>(column)? {
        Some(_) => text(row, column).map(Some),
        None => Ok(None),
    }
}

/// Reads a column that holds a digest.
pub(crate) fn sha256(row: &Row<'_>, column: usize) -> Sql<Sha256> {
    row.get(column).map(Sha256::from_bytes)
}

/// Returns the codenames that have a row.
pub(crate) fn codenames(db: &Db<'_>) -> Sql<Vec<String>> {
    db.query("select codename from suite", &[], |row| row.get(0))
}

/// Returns the key of a suite.
pub(crate) fn suite_id(db: &Db<'_>, suite: &SuiteName) -> Sql<i64> {
    db.query_one(
        "select id from suite where codename = ?1",
        params![suite.as_str()],
        |row| row.get(0),
    )
}

/// Raises the revision of a suite and returns it; listeners hear of it when it is committed.
pub(crate) fn raise_revision(db: &Db<'_>, suite: i64) -> Sql<i64> {
    postgres::notify(db)?;
    db.query_one(
        "update suite set revision = revision + 1 where id = ?1 returning revision",
        params![suite],
        |row| row.get(0),
    )
}

/// Returns the key of a content by its digest.
pub(crate) fn content_id(db: &Db<'_>, sha256: &Sha256) -> Sql<Option<i64>> {
    db.query_optional(
        "select id from content where sha256 = ?1",
        params![sha256.as_bytes()],
        |row| row.get(0),
    )
}
