//! Whether the store is the archive's own, for whoever puts files there.

use crate::archive::Archive;
use crate::ingest::IngestError;
use crate::other_archive::{self, OtherArchive, StoreLook};

impl Archive {
    /// Says whether the store is that of another archive, or lacks the files of this one; once it was found to be its own, nothing is
    /// asked any more.
    pub fn other_store(&self) -> Result<Option<OtherArchive>, IngestError> {
        if self.store_is_own().get().is_some() {
            return Ok(None);
        }
        match other_archive::find_in_all::<IngestError>(self)? {
            StoreLook::Other(other) => return Ok(Some(other)),
            StoreLook::Own => {
                self.store_is_own().get_or_init(|| ());
            }
            StoreLook::Unknown => {}
        }
        Ok(None)
    }
}
