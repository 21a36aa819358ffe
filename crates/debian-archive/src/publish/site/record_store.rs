//! The record of a suite in the course of a change.

use std::ops::ControlFlow;

use archive_catalog::TextChange;
use archive_site::RecordStore;

use crate::publish::error::SiteRecordError;

/// The texts of a record, as a change has them so far.
pub(super) struct ChangedRecord<'c, 's>(pub(super) &'c mut TextChange<'s>);

impl RecordStore for ChangedRecord<'_, '_> {
    type Error = SiteRecordError;

    fn get(&self, key: &str) -> Result<Option<String>, SiteRecordError> {
        Ok(self.0.get(key)?)
    }

    fn range(
        &self,
        from: &str,
        to: &str,
        visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<(), SiteRecordError> {
        Ok(self.0.range(from, to, visit)?)
    }

    fn last(&self, from: &str, to: &str) -> Result<Option<String>, SiteRecordError> {
        Ok(self.0.last(from, to)?)
    }

    fn put(&mut self, key: &str, text: &str) -> Result<(), SiteRecordError> {
        Ok(self.0.put(key, text)?)
    }

    fn delete(&mut self, key: &str) -> Result<(), SiteRecordError> {
        Ok(self.0.delete(key)?)
    }
}
