//! A record in memory, for whoever makes the pages of a suite once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::record_store::{InvalidRecord, RecordStore};

/// Texts under keys, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStore(BTreeMap<String, String>);

impl RecordStore for MemoryStore {
    type Error = InvalidRecord;

    fn get(&self, key: &str) -> Result<Option<String>, InvalidRecord> {
        Ok(self.0.get(key).cloned())
    }

    fn range(
        &self,
        from: &str,
        to: &str,
        visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<(), InvalidRecord> {
        for (key, text) in self.0.range(from.to_owned()..to.to_owned()) {
            if visit(key, text).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn last(&self, from: &str, to: &str) -> Result<Option<String>, InvalidRecord> {
        let last = self.0.range(from.to_owned()..to.to_owned()).next_back();
        Ok(last.map(|(key, _)| key.clone()))
    }

    fn put(&mut self, key: &str, text: &str) -> Result<(), InvalidRecord> {
        self.0.insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Result<(), InvalidRecord> {
        self.0.remove(key);
        Ok(())
    }
}
