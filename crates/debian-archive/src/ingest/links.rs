//! Names in the pool that have no row yet: noted before they are made, and taken back where their writer was killed.
//!
//! A file goes into the pool before its row goes into the catalog, since a row without a file would be published. Whoever
//! is killed in between leaves a file that nothing names. Only what was noted is taken back: a file that somebody put
//! there by hand is not ours to delete.

use rustix::fs::FlockOperation;

use super::{IngestError, SuiteComponent};
use crate::archive::Archive;
use archive_catalog::Content;
use archive_storage::pool::{self, PoolName};
use archive_storage::staging::Staging;
use archive_storage::store;

/// What is about to be linked: a content, and where to.
pub(super) type PoolLink<'a> = (&'a Content, &'a SuiteComponent<'a>);

impl Archive {
    /// Notes the names that these contents may get; nothing where there are none.
    ///
    /// To be called with the lock of the pool, and settled once every name has its row.
    pub(super) fn note_links(&self, links: &[PoolLink<'_>]) -> Result<Option<Staging>, IngestError> {
        // What is sent to a bucket and gets no row, prune finds: until then another machine may be placing the same bytes.
        let (Some(_), false) = (self.files().folder(), links.is_empty()) else {
            return Ok(None);
        };
        let mut text = String::new();
        for (content, place) in links {
            let tree = place.suite.pool_tree();
            let file_name = content.file_name();
            let name = PoolName {
                component: place.component,
                source: &content.source,
                file_name: &file_name,
            };
            for path in pool::names_in(&name.folder(), &file_name, &content.sha256) {
                // What is there already is somebody else's.
                if self.files().head(&pool::below_root(tree, &path))?.is_none() {
                    text.push_str(&format!("{}\t{tree}\t{path}\n", content.sha256));
                }
            }
        }
        let staging = Staging::new(self.local())?;
        staging.note_links(&text)?;
        Ok(Some(staging))
    }

    /// Takes back the files that killed writers linked and that no row names.
    ///
    /// Does not wait: while other writers hold the pool, the next call does it.
    pub fn take_back_links(&self) -> Result<(), IngestError> {
        let left = Staging::unsettled(self.local())?;
        if left.is_empty() {
            return Ok(());
        }
        let lock = self.try_lock("pool.lock", FlockOperation::NonBlockingLockExclusive);
        let Some(_lock) = lock.map_err(IngestError::Lock)? else {
            return Ok(());
        };
        let mut files = Vec::new();
        for left in &left {
            for line in left.links()?.lines() {
                files.extend(self.left_behind(line)?);
            }
        }
        files.sort_unstable();
        files.dedup();
        // Deleting begins with a row, and no row is written while a name in the pool may not outlive a power cut.
        let mut folders = files.iter().map(|file| store::folder_of(file));
        self.files().settle(&mut folders)?;
        self.delete_from_pool::<IngestError>(&files)?;
        for left in left {
            left.delete()?;
        }
        Ok(())
    }

    /// Returns the file that a line of a note names, if it is there and the one that was noted.
    fn left_behind(&self, line: &str) -> Result<Option<String>, IngestError> {
        let mut fields = line.split('\t');
        // Whoever was killed while it noted had linked nothing.
        let (Some(sha256), Some(tree), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            return Ok(None);
        };
        let file = pool::below_root(tree, path);
        let found = store::digest(self.files(), &file)?;
        Ok(found
            .is_some_and(|(found, _)| found.to_string() == sha256)
            .then_some(file))
    }
}
