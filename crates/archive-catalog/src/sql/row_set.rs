//! Rows that a statement is given: one statement for many of them, so that a server is asked once and not for each.

use postgres::types::ToSql;

use super::{Param, SqlError};

/// How many rows PostgreSQL is given at once, and how many bytes, so that what is held of them twice stays small.
const MAX_ROWS: usize = 1000;
const MAX_BYTES: usize = 4 << 20;

/// What a column of given rows holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Integer,
    Text,
    Blob,
}

/// Rows that statements see as the table `given`.
///
/// SQLite runs a statement for each of them, PostgreSQL for all at once: so a statement may not depend on what it did for an
/// earlier row, and its rows come in no order.
pub(crate) struct Given<'a> {
    columns: &'static [(&'static str, ColumnType)],
    rows: Vec<Vec<Param<'a>>>,
}

impl<'a> Given<'a> {
    /// Makes rows with these columns; each row has a value for each of them.
    pub(crate) fn new(
        columns: &'static [(&'static str, ColumnType)],
        rows: impl IntoIterator<Item = Vec<Param<'a>>>,
    ) -> Self {
        Self {
            columns,
            rows: rows.into_iter().collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Param<'a>]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// Returns the text of a statement for one row, whose values are its parameters.
    pub(crate) fn text_for_each(&self, sql: &str) -> String {
        let values: Vec<String> = (1..=self.columns.len())
            .map(|number| format!("?{number}"))
            .collect();
        format!(
            "with given ({}) as (values ({})) {sql}",
            self.names(),
            values.join(", ")
        )
    }

    /// Returns the text of a statement for many rows, whose columns are its parameters.
    pub(crate) fn text_for_all(&self, sql: &str) -> String {
        let arrays: Vec<String> = (1..)
            .zip(self.columns)
            .map(|(number, (_, kind))| {
                let kind = match kind {
                    ColumnType::Integer => "bigint",
                    ColumnType::Text => "text",
                    ColumnType::Blob => "bytea",
                };
                format!("cast(?{number} as {kind}[])")
            })
            .collect();
        format!(
            "with given ({}) as (select * from unnest({})) {sql}",
            self.names(),
            arrays.join(", ")
        )
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// Returns the columns of the rows, of as many at a time as a server is given at once.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = Result<Vec<Array<'_>>, SqlError>> {
        let mut rest = self.rows.as_slice();
        std::iter::from_fn(move || {
            let (part, later) = rest.split_at(part_length(rest));
            rest = later;
            (!part.is_empty()).then(|| self.columns_of(part))
        })
    }

    fn columns_of<'b>(&self, rows: &'b [Vec<Param<'a>>]) -> Result<Vec<Array<'b>>, SqlError> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(place, (_, kind))| {
                let values = rows.iter().map(|row| row.get(place).unwrap_or(&Param::Null));
                Array::of(*kind, values)
            })
            .collect()
    }
}

/// Returns how many of the rows are given at once: one in any case.
fn part_length(rows: &[Vec<Param<'_>>]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&Vec<Param<'_>>| {
        let fitted = bytes <= MAX_BYTES;
        bytes += row.iter().map(Param::size).sum::<usize>();
        fitted
    };
    rows.iter().take(MAX_ROWS).take_while(fits).count()
}

/// A column of rows.
pub(crate) enum Array<'a> {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<&'a [u8]>>),
}

impl<'a> Array<'a> {
    fn of(kind: ColumnType, values: impl Iterator<Item = &'a Param<'a>>) -> Result<Self, SqlError> {
        Ok(match kind {
            ColumnType::Integer => Self::Integers(values.map(integer).collect::<Result<_, _>>()?),
            ColumnType::Text => Self::Texts(values.map(text).collect::<Result<_, _>>()?),
            ColumnType::Blob => Self::Blobs(values.map(blob).collect::<Result<_, _>>()?),
        })
    }

    /// Returns it as the parameter of a statement.
    pub(crate) fn as_parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integers(values) => values,
            Self::Texts(values) => values,
            Self::Blobs(values) => values,
        }
    }
}

fn integer(value: &Param<'_>) -> Result<Option<i64>, SqlError> {
    match value {
        Param::Null => Ok(None),
        Param::Integer(value) => Ok(Some(*value)),
        Param::Unsigned(value) => match i64::try_from(*value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(SqlError::Setting(error.to_string())),
        },
        Param::Text(_) | Param::Blob(_) => Err(wrong("an integer")),
    }
}

fn text<'a>(value: &'a Param<'_>) -> Result<Option<&'a str>, SqlError> {
    match value {
        Param::Null => Ok(None),
        Param::Text(text) if text.contains('\0') => Err(SqlError::Nul),
        Param::Text(text) => Ok(Some(text)),
        Param::Integer(_) | Param::Unsigned(_) | Param::Blob(_) => Err(wrong("text")),
    }
}

fn blob<'a>(value: &'a Param<'_>) -> Result<Option<&'a [u8]>, SqlError> {
    match value {
        Param::Null => Ok(None),
        Param::Blob(bytes) => Ok(Some(bytes)),
        Param::Integer(_) | Param::Unsigned(_) | Param::Text(_) => Err(wrong("bytes")),
    }
}

fn wrong(expected: &str) -> SqlError {
    SqlError::Setting(format!("a given row has a value that is not {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::given_row;

    const COLUMNS: &[(&str, ColumnType)] = &[("id", ColumnType::Integer), ("name", ColumnType::Text)];

    #[test]
    fn one_text_becomes_that_of_a_row_and_that_of_columns() {
        let given = Given::new(COLUMNS, []);
        assert_eq!(
            given.text_for_each("select id from given"),
            "with given (id, name) as (values (?1, ?2)) select id from given"
        );
        assert_eq!(
            given.text_for_all("select id from given"),
            "with given (id, name) as (select * from unnest(cast(?1 as bigint[]), cast(?2 as text[]))) select id from given"
        );
    }

    #[test]
    fn what_is_given_at_once_is_bounded_in_rows_and_bytes_and_each_row_is_given() {
        let lengths = |given: &Given<'_>| -> Vec<usize> {
            let columns = |columns: Result<Vec<Array<'_>>, SqlError>| match columns.unwrap().first() {
                Some(Array::Integers(values)) => values.len(),
                _ => panic!("the first column has integers"),
            };
            given.arrays().map(columns).collect()
        };
        let many = Given::new(COLUMNS, (0..2500_i64).map(|id| given_row![id, "a"]));
        assert_eq!(lengths(&many), [1000, 1000, 500]);
        let long = "a".repeat(MAX_BYTES + 1);
        let large = Given::new(COLUMNS, (0..3_i64).map(|id| given_row![id, long.as_str()]));
        assert_eq!(lengths(&large), [1, 1, 1]);
        assert_eq!(lengths(&Given::new(COLUMNS, [])), [0_usize; 0]);
    }

    #[test]
    fn a_value_of_another_type_is_an_error() {
        let given = Given::new(COLUMNS, [given_row!["a", "a"]]);
        assert!(given.arrays().next().unwrap().is_err());
    }
}
