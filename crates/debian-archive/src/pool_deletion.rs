//! Deleting files of the pool that no row names or no suite needs, while other machines may be about to place the same bytes.

use std::time::{Duration, Instant};

use archive_catalog::{CatalogError, CondemnedFile, DELETION_SECONDS, Deleters};
use archive_storage::store::StoreError;

use crate::archive::Archive;

/// How many files are condemned together: uploads of these are told to come again until they are gone.
const TOGETHER: usize = 100;
/// How many of these are deleted between two looks at the time.
const AT_ONCE: usize = 25;

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
            let gone = self.delete_condemned::<E>(&condemned)?;
            deleted.extend(gone.iter().map(|file| file.path.clone()));
        }
        Ok(deleted)
    }

    /// Deletes the files that no suite needs; those of the tree `left` are needed by none. Returns one that another machine is
    /// deleting.
    pub(crate) fn delete_unneeded<E>(
        &self,
        left: Option<&str>,
        deleters: Deleters,
    ) -> Result<Option<String>, E>
    where
        E: From<CatalogError> + From<StoreError>,
    {
        loop {
            let files = self.catalog().condemn_unneeded(left, TOGETHER, deleters)?;
            if files.condemned.is_empty() {
                return Ok(files.in_hand.into_iter().next());
            }
            self.delete_condemned::<E>(&files.condemned)?;
        }
    }

    /// Deletes condemned files for as long as nobody else takes them for left behind, and returns those that are gone.
    fn delete_condemned<'a, E>(&self, condemned: &'a [CondemnedFile]) -> Result<&'a [CondemnedFile], E>
    where
        E: From<CatalogError> + From<StoreError>,
    {
        let started = Instant::now();
        let mut gone = condemned;
        for (done, some) in condemned.chunks(AT_ONCE).enumerate() {
            // Whoever stood still for long must not delete what was put there anew. The next prune does the rest.
            if started.elapsed() > Duration::from_secs(DELETION_SECONDS) {
                gone = condemned.get(..done * AT_ONCE).unwrap_or(condemned);
                break;
            }
            let paths: Vec<String> = some.iter().map(|file| file.path.clone()).collect();
            self.files().delete_all(&paths)?;
        }
        self.catalog().condemned_deleted(gone)?;
        Ok(gone)
    }
}
