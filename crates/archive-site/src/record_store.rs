//! Where a record is kept: texts under keys, in order.

use std::ops::ControlFlow;

/// Above every letter of a key, below none.
pub(crate) const AFTER: char = '\u{7f}';

/// Texts under keys, in the order of their bytes: where a record is kept.
pub trait RecordStore {
    /// Why it cannot be read or written, or what it holds is no record.
    type Error: From<InvalidRecord>;

    /// Returns the text under a key.
    fn get(&self, key: &str) -> Result<Option<String>, Self::Error>;

    /// Visits the keys from `from` on that are less than `to`, in order, with their texts, until the visitor breaks off.
    fn range(
        &self,
        from: &str,
        to: &str,
        visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;

    /// Returns the greatest key from `from` on that is less than `to`.
    fn last(&self, from: &str, to: &str) -> Result<Option<String>, Self::Error>;

    /// Puts a text under a key, in place of the one that is there.
    fn put(&mut self, key: &str, text: &str) -> Result<(), Self::Error>;

    /// Takes away what is under a key, if anything.
    fn delete(&mut self, key: &str) -> Result<(), Self::Error>;
}

/// What is kept as a record and holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a record of what the site shows")]
pub struct InvalidRecord;

/// Returns the first key from `from` on that is less than `to`, with its text.
pub(crate) fn first<S: RecordStore>(
    store: &S,
    from: &str,
    to: &str,
) -> Result<Option<(String, String)>, S::Error> {
    let mut found = None;
    store.range(from, to, &mut |key, text| {
        found = Some((key.to_owned(), text.to_owned()));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Returns the last fields of the first keys that begin so.
pub(crate) fn last_fields<S: RecordStore>(
    store: &S,
    beginning: &str,
    limit: usize,
) -> Result<Vec<String>, S::Error> {
    let mut fields = Vec::new();
    if limit == 0 {
        return Ok(fields);
    }
    store.range(beginning, &format!("{beginning}{AFTER}"), &mut |key, _| {
        fields.extend(key.rsplit('\t').next().map(str::to_owned));
        if fields.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(fields)
}
