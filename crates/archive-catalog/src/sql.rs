//! One text of a statement for both databases.
//!
//! Statements are written once, in the SQL that SQLite and PostgreSQL share, with parameters as `?1` or `?`. [`Db`] is one
//! open transaction on either; where the databases differ, a statement asks [`Db::dialect`].

mod db;
mod error;
mod row_set;
mod param;
mod row;

pub(crate) use db::{Db, Dialect, PostgresSession};
pub(crate) use error::{SqlError, sqlite_failure};
pub(crate) use param::{Param, ToParam, given_row, params};
pub(crate) use row::Row;
pub(crate) use row_set::{ColumnType, Given};

/// What a statement came to.
pub(crate) type Sql<T> = Result<T, SqlError>;
