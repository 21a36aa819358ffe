//! What a statement answers with.

use postgres::types::Type;
use rusqlite::types::ValueRef;

use super::{Param, Sql, SqlError};

/// One row of an answer.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

/// The value of a column.
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl Row<'_> {
    /// Reads a column.
    pub(crate) fn get<'a, T: FromCell<'a>>(&'a self, column: usize) -> Sql<T> {
        let wrong = |what: String| SqlError::Column { column, what };
        T::from_cell(self.cell(column)?).map_err(wrong)
    }

    /// Reads a column as it is, to be bound to another statement.
    pub(crate) fn value(&self, column: usize) -> Sql<Param<'_>> {
        Ok(match self.cell(column)? {
            Cell::Null => Param::Null,
            Cell::Integer(value) => Param::Integer(value),
            Cell::Text(text) => Param::Text(text.into()),
            Cell::Blob(bytes) => Param::Blob(bytes.into()),
        })
    }

    fn cell(&self, column: usize) -> Sql<Cell<'_>> {
        match self {
            Self::Sqlite(row) => Ok(match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Integer(value),
                ValueRef::Text(_) => {
                    Cell::Text(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
                }
                ValueRef::Blob(bytes) => Cell::Blob(bytes),
                ValueRef::Real(_) => {
                    return Err(SqlError::Column {
                        column,
                        what: "a number with a fraction".to_owned(),
                    });
                }
            }),
            Self::Postgres(row) => postgres_cell(row, column),
        }
    }
}

fn postgres_cell(row: &postgres::Row, column: usize) -> Sql<Cell<'_>> {
    let kind = row.columns().get(column).map(postgres::Column::type_);
    let kind = kind.ok_or(SqlError::NoRow)?;
    Ok(match *kind {
        Type::INT8 => row
            .try_get::<_, Option<i64>>(column)?
            .map_or(Cell::Null, Cell::Integer),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(column)?
            .map_or(Cell::Null, |value| Cell::Integer(value.into())),
        Type::BOOL => row
            .try_get::<_, Option<bool>>(column)?
            .map_or(Cell::Null, |value| Cell::Integer(value.into())),
        Type::TEXT | Type::VARCHAR | Type::NAME => row
            .try_get::<_, Option<&str>>(column)?
            .map_or(Cell::Null, Cell::Text),
        Type::BYTEA => row
            .try_get::<_, Option<&[u8]>>(column)?
            .map_or(Cell::Null, Cell::Blob),
        ref other => {
            return Err(SqlError::Column {
                column,
                what: format!("a column of type {other}"),
            });
        }
    })
}

/// A type that a column can be read as.
pub(crate) trait FromCell<'a>: Sized {
    /// Reads it, or says what was found in its place.
    fn from_cell(cell: Cell<'a>) -> Result<Self, String>;
}

fn unexpected(cell: &Cell<'_>, expected: &str) -> String {
    let found = match cell {
        Cell::Null => "null",
        Cell::Integer(_) => "an integer",
        Cell::Text(_) => "text",
        Cell::Blob(_) => "bytes",
    };
    format!("{found}, not {expected}")
}

impl FromCell<'_> for i64 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        match cell {
            Cell::Integer(value) => Ok(value),
            other => Err(unexpected(&other, "an integer")),
        }
    }
}

impl FromCell<'_> for u64 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        let value = i64::from_cell(cell)?;
        Self::try_from(value).map_err(|_| format!("{value}, not a count"))
    }
}

impl FromCell<'_> for bool {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        match i64::from_cell(cell)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("{other}, neither 0 nor 1")),
        }
    }
}

impl<'a> FromCell<'a> for &'a str {
    fn from_cell(cell: Cell<'a>) -> Result<Self, String> {
        match cell {
            Cell::Text(text) => Ok(text),
            other => Err(unexpected(&other, "text")),
        }
    }
}

impl FromCell<'_> for String {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        <&str>::from_cell(cell).map(str::to_owned)
    }
}

impl<'a> FromCell<'a> for &'a [u8] {
    fn from_cell(cell: Cell<'a>) -> Result<Self, String> {
        match cell {
            Cell::Blob(bytes) => Ok(bytes),
            other => Err(unexpected(&other, "bytes")),
        }
    }
}

impl FromCell<'_> for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        <&[u8]>::from_cell(cell).map(<[u8]>::to_vec)
    }
}

impl FromCell<'_> for [u8; 32] {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        let bytes = <&[u8]>::from_cell(cell)?;
        Self::try_from(bytes).map_err(|_| format!("{} bytes, not 32", bytes.len()))
    }
}

impl<'a, T: FromCell<'a>> FromCell<'a> for Option<T> {
    fn from_cell(cell: Cell<'a>) -> Result<Self, String> {
        match cell {
            Cell::Null => Ok(None),
            other => T::from_cell(other).map(Some),
        }
    }
}
