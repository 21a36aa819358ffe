//! A file of texts under keys, in the order of their bytes: what a program keeps for itself beside a catalog, wherever that lies.
//!
//! SQLite, since it changes a file as a whole or not at all, and finds what a disk damaged instead of running into it.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params,
};

/// How long another program that has the file is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a file of texts cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TextStoreError(#[from] rusqlite::Error);

impl TextStoreError {
    /// Says whether there is no such file, or one that is something else or damaged.
    pub fn is_no_store(&self) -> bool {
        matches!(
            self.0.sqlite_error_code(),
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
        )
    }
}

/// A file of texts.
#[derive(Debug)]
pub struct TextStore(Connection);

/// A change of it: as long as it is not committed, the file holds what it held.
#[derive(Debug)]
pub struct TextChange<'s>(Transaction<'s>);

impl TextStore {
    /// Opens one that is there.
    pub fn open(path: &Path) -> Result<Self, TextStoreError> {
        Self::with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Makes one where none is.
    pub fn create(path: &Path) -> Result<Self, TextStoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let store = Self::with(path, flags)?;
        store.0.execute_batch(
            "create table text (key text primary key, text text not null) without rowid, strict",
        )?;
        Ok(store)
    }

    fn with(path: &Path, flags: OpenFlags) -> Result<Self, TextStoreError> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // In KiB, below zero.
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.set_prepared_statement_cache_capacity(16);
        Ok(Self(connection))
    }

    /// Begins a change.
    pub fn change(&mut self) -> Result<TextChange<'_>, TextStoreError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(TextChange(transaction?))
    }
}

impl TextChange<'_> {
    /// Returns the text under a key.
    pub fn get(&self, key: &str) -> Result<Option<String>, TextStoreError> {
        let mut query = self.0.prepare_cached("select text from text where key = ?1")?;
        Ok(query.query_row(params![key], |row| row.get(0)).optional()?)
    }

    /// Visits the keys from `from` on that are less than `to`, in order, with their texts, until the visitor breaks off.
    pub fn range(
        &self,
        from: &str,
        to: &str,
        visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<(), TextStoreError> {
        let mut query = self
            .0
            .prepare_cached("select key, text from text where key >= ?1 and key < ?2 order by key")?;
        let mut rows = query.query(params![from, to])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if visit(key, text).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the greatest key from `from` on that is less than `to`.
    pub fn last(&self, from: &str, to: &str) -> Result<Option<String>, TextStoreError> {
        let mut query = self
            .0
            .prepare_cached("select max(key) from text where key >= ?1 and key < ?2")?;
        Ok(query.query_row(params![from, to], |row| row.get(0))?)
    }

    /// Puts a text under a key, in place of the one that is there.
    pub fn put(&mut self, key: &str, text: &str) -> Result<(), TextStoreError> {
        let mut change = self
            .0
            .prepare_cached("insert or replace into text (key, text) values (?1, ?2)")?;
        change.execute(params![key, text])?;
        Ok(())
    }

    /// Takes away what is under a key, if anything.
    pub fn delete(&mut self, key: &str) -> Result<(), TextStoreError> {
        let mut change = self.0.prepare_cached("delete from text where key = ?1")?;
        change.execute(params![key])?;
        Ok(())
    }

    /// Makes it last.
    pub fn commit(self) -> Result<(), TextStoreError> {
        Ok(self.0.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_order_and_a_change_that_is_not_committed_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts");
        let mut store = TextStore::create(&path).unwrap();
        let mut change = store.change().unwrap();
        for key in ["b", "a\tz", "a", "c"] {
            change.put(key, &format!("text of {key}")).unwrap();
        }
        change.delete("c").unwrap();
        change.commit().unwrap();
        let mut change = store.change().unwrap();
        change.put("d", "").unwrap();
        drop(change);
        drop(store);

        let mut store = TextStore::open(&path).unwrap();
        let change = store.change().unwrap();
        let mut keys = Vec::new();
        let mut visit = |key: &str, _: &str| {
            keys.push(key.to_owned());
            ControlFlow::Continue(())
        };
        change.range("a", "z", &mut visit).unwrap();
        assert_eq!(keys, ["a", "a\tz", "b"]);
        assert_eq!(change.last("a", "b").unwrap().as_deref(), Some("a\tz"));
        assert_eq!(change.last("x", "z").unwrap(), None);
        assert_eq!(change.get("b").unwrap().as_deref(), Some("text of b"));
    }

    #[test]
    fn what_is_no_such_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts");
        let found = |path: &Path| -> Result<(), TextStoreError> {
            TextStore::open(path)?.change()?.get("a")?;
            Ok(())
        };
        assert!(found(&path).unwrap_err().is_no_store());
        std::fs::write(&path, "something else, and of some length\n".repeat(200)).unwrap();
        assert!(found(&path).unwrap_err().is_no_store());
    }
}
