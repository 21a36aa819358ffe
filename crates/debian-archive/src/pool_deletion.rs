//! Deleting files of the pool that no row names, while other machines may be about to place the same bytes.

use std::time::{Duration, Instant};

use archive_catalog::{CatalogError, CondemnedFile, DELETION_SECONDS};
use archive_storage::store::StoreError;

use crate::archive::Archive;

/// How many files are condemned together: uploads of these are told to come again until they are gone.
const TOGETHER: usize = 100;

impl Archive {
    /// Deletes those of these files, below the root, that no row names, and returns them.
    ///
    /// A file that was placed meanwhile, or that another machine is deleting, stays out of it.
    pub(crate) fn delete_from_pool<E>(&self, paths: &[String]) -> Result<Vec<String>, E>
    where
        E: From<CatalogError> + From<StoreError>,
    {
        let mut deleted = Vec::with_capacity(paths.len());
        for paths in paths.chunks(TOGETHER) {
            let condemned = self.catalog().condemn(paths)?;
            let gone = self.delete_condemned(&condemned)?;
            self.catalog().condemned_deleted(gone)?;
            deleted.extend(gone.iter().map(|file| file.path.clone()));
        }
        Ok(deleted)
    }

    /// Deletes condemned files for as long as nobody else takes them for left behind, and returns those that are gone.
    fn delete_condemned<'a>(
        &self,
        condemned: &'a [CondemnedFile],
    ) -> Result<&'a [CondemnedFile], StoreError> {
        let started = Instant::now();
        for (done, file) in condemned.iter().enumerate() {
            // Whoever stood still for long must not delete what was put there anew. The next prune does the rest.
            if started.elapsed() > Duration::from_secs(DELETION_SECONDS) {
                return Ok(condemned.get(..done).unwrap_or(condemned));
            }
            self.files().delete(&file.path)?;
        }
        Ok(condemned)
    }
}
