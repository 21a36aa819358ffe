//! One transaction on either database.

use std::cell::{Cell as Counter, RefCell};
use std::collections::HashMap;

use postgres::Statement;
use postgres::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::row_set::Array;
use super::{Given, Param, Row, Sql, SqlError};

/// How many rows of PostgreSQL are held at once while a long answer is read.
const FETCHED: usize = 500;

/// How many statements of a connection stay prepared.
const MAX_PREPARED: usize = 256;

/// Which database a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection inside a transaction.
pub(crate) enum Db<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a PostgresSession),
}

impl Db<'_> {
    /// Returns how many statements the server was asked on this connection since the last call.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> u32 {
        match self {
            Self::Sqlite(_) => 0,
            Self::Postgres(session) => session.asked.replace(0),
        }
    }

    /// Returns which database it is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Returns the time by the clock that all who share the database have, in Unix seconds.
    pub(crate) fn clock(&self) -> Sql<i64> {
        let clock = match self.dialect() {
            Dialect::Sqlite => "select unixepoch()",
            Dialect::Postgres => "select cast(extract(epoch from clock_timestamp()) as bigint)",
        };
        self.query_one(clock, &[], |row| row.get(0))
    }

    /// Returns 32 hex digits that nobody can foresee.
    pub(crate) fn random(&self) -> Sql<String> {
        let random = match self.dialect() {
            Dialect::Sqlite => "select lower(hex(randomblob(16)))",
            Dialect::Postgres => "select replace(cast(gen_random_uuid() as text), '-', '')",
        };
        self.query_one(random, &[], |row| row.get(0))
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Param<'_>]) -> Sql<u64> {
        match self {
            Self::Sqlite(db) => {
                let changed = db.prepare_cached(sql)?.execute(params_from_iter(params))?;
                Ok(changed as u64)
            }
            Self::Postgres(session) => session.execute(sql, params),
        }
    }

    /// Runs statements without parameters and answers.
    pub(crate) fn batch(&self, sql: &str) -> Sql<()> {
        match self {
            Self::Sqlite(db) => Ok(db.execute_batch(sql)?),
            Self::Postgres(session) => Ok(session.client.borrow_mut().batch_execute(sql)?),
        }
    }

    /// Lets PostgreSQL keep the plans of what follows in this transaction: made for any values, not anew for each. For statements that
    /// look rows up by keys, whose plan is the same for all.
    pub(crate) fn keep_plans(&self) -> Sql<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.batch("set local plan_cache_mode = force_generic_plan"),
        }
    }

    /// Inserts a row into a table whose key is `id`, and returns the key.
    pub(crate) fn insert(&self, sql: &str, params: &[Param<'_>]) -> Sql<i64> {
        self.query_one(&format!("{sql} returning id"), params, |row| row.get(0))
    }

    /// Returns what `read` makes of each row.
    pub(crate) fn query<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Sql<T>,
    ) -> Sql<Vec<T>> {
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare_cached(sql)?;
                let mut rows = statement.query(params_from_iter(params))?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(read(&Row::Sqlite(row))?);
                }
                Ok(all)
            }
            Self::Postgres(session) => {
                let rows = session.query(sql, params)?;
                rows.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// Runs a statement for rows that are the table `given` to it.
    pub(crate) fn execute_given(&self, given: &Given<'_>, sql: &str) -> Sql<()> {
        self.query_given(given, sql, |_| Ok(())).map(drop)
    }

    /// Returns what `read` makes of each row of the answer to a statement that sees rows as the table `given`.
    pub(crate) fn query_given<T>(
        &self,
        given: &Given<'_>,
        sql: &str,
        mut read: impl FnMut(&Row<'_>) -> Sql<T>,
    ) -> Sql<Vec<T>> {
        let mut all = Vec::new();
        if given.is_empty() {
            return Ok(all);
        }
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare_cached(&given.text_for_each(sql))?;
                for values in given.rows() {
                    let mut rows = statement.query(params_from_iter(values))?;
                    while let Some(row) = rows.next()? {
                        all.push(read(&Row::Sqlite(row))?);
                    }
                }
            }
            Self::Postgres(session) => {
                let text = given.text_for_all(sql);
                for columns in given.arrays() {
                    for row in session.query_arrays(&text, &columns?)? {
                        all.push(read(&Row::Postgres(&row))?);
                    }
                }
            }
        }
        Ok(all)
    }

    /// Hands each row to `visit` until it answers false; holds few of them at once.
    pub(crate) fn for_each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Sql<bool>,
    ) -> Sql<()> {
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare_cached(sql)?;
                let mut rows = statement.query(params_from_iter(params))?;
                while let Some(row) = rows.next()? {
                    if !visit(&Row::Sqlite(row))? {
                        break;
                    }
                }
                Ok(())
            }
            Self::Postgres(session) => session.for_each(sql, params, visit),
        }
    }

    /// Returns what `read` makes of the first row, where there is one.
    pub(crate) fn query_optional<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Sql<T>,
    ) -> Sql<Option<T>> {
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare_cached(sql)?;
                let answer = statement.query_row(params_from_iter(params), |row| Ok(read(&Row::Sqlite(row))));
                answer.optional()?.transpose()
            }
            Self::Postgres(session) => {
                let rows = session.query(sql, params)?;
                rows.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// The same of a query that always has a row.
    pub(crate) fn query_one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Sql<T>,
    ) -> Sql<T> {
        self.query_optional(sql, params, read)?.ok_or(SqlError::NoRow)
    }

    /// Says whether a query has a row.
    pub(crate) fn exists(&self, sql: &str, params: &[Param<'_>]) -> Sql<bool> {
        Ok(self.query_optional(sql, params, |_| Ok(()))?.is_some())
    }
}

/// A connection to PostgreSQL with the statements that it has prepared.
pub(crate) struct PostgresSession {
    pub(crate) client: RefCell<postgres::Client>,
    prepared: RefCell<HashMap<String, Statement>>,
    cursors: Counter<u32>,
    /// Statements since that was last asked.
    #[cfg(test)]
    asked: Counter<u32>,
}

impl PostgresSession {
    pub(crate) fn new(client: postgres::Client) -> Self {
        Self {
            client: RefCell::new(client),
            prepared: RefCell::new(HashMap::new()),
            cursors: Counter::new(0),
            #[cfg(test)]
            asked: Counter::new(0),
        }
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Sql<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.client.borrow_mut().execute(&statement, &bound(params))?)
    }

    fn query(&self, sql: &str, params: &[Param<'_>]) -> Sql<Vec<postgres::Row>> {
        let statement = self.prepared(sql)?;
        Ok(self.client.borrow_mut().query(&statement, &bound(params))?)
    }

    fn query_arrays(&self, sql: &str, columns: &[Array<'_>]) -> Sql<Vec<postgres::Row>> {
        let statement = self.prepared(sql)?;
        let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Array::as_parameter).collect();
        Ok(self.client.borrow_mut().query(&statement, &columns)?)
    }

    /// Reads through a cursor, so that neither the whole answer is held nor what is not wanted of it is sent.
    fn for_each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Sql<bool>,
    ) -> Sql<()> {
        let number = self.cursors.get();
        self.cursors.set(number + 1);
        let declare = format!("declare cursor_{number} no scroll cursor for {}", numbered(sql));
        self.client.borrow_mut().execute(&declare, &bound(params))?;
        let fetch = format!("fetch {FETCHED} from cursor_{number}");
        loop {
            let rows = self.client.borrow_mut().query(&fetch, &[])?;
            for row in &rows {
                if !visit(&Row::Postgres(row))? {
                    return self.close(number);
                }
            }
            if rows.len() < FETCHED {
                return self.close(number);
            }
        }
    }

    fn close(&self, number: u32) -> Sql<()> {
        let close = format!("close cursor_{number}");
        Ok(self.client.borrow_mut().batch_execute(&close)?)
    }

    fn prepared(&self, sql: &str) -> Sql<Statement> {
        #[cfg(test)]
        self.asked.set(self.asked.get() + 1);
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.borrow_mut().prepare(&numbered(sql))?;
        // Filters make many texts; the server holds each until it is let go here.
        if self.prepared.borrow().len() >= MAX_PREPARED {
            self.prepared.borrow_mut().clear();
        }
        self.prepared
            .borrow_mut()
            .insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn bound<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

/// Writes the parameters `?1` and `?` as PostgreSQL's `$1`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    let mut next = 1_usize;
    let mut quoted = false;
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                quoted = !quoted;
                text.push(letter);
            }
            '?' if !quoted => {
                text.push('$');
                if !letters.peek().is_some_and(char::is_ascii_digit) {
                    text.push_str(&next.to_string());
                    next += 1;
                }
            }
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_become_those_of_postgresql() {
        assert_eq!(numbered("a = ?1 and b = ?12"), "a = $1 and b = $12");
        assert_eq!(numbered("a = ? and b in (?, ?)"), "a = $1 and b in ($2, $3)");
        assert_eq!(numbered("a = '?' and b = ?"), "a = '?' and b = $1");
    }
}
