//! The record of what the site of a suite shows, on this machine.
//!
//! Lost or damaged, it costs writing every page once more.

use std::io;
use std::path::{Path, PathBuf};

use archive_catalog::TextStore;
use archive_storage::STATE;
use debian_control::name::SuiteName;

use crate::archive::Archive;
use crate::publish::error::{PublishError, SiteRecordError, write_error};

/// The record of one suite.
pub(super) struct SiteRecord {
    path: PathBuf,
    /// Is there while pages are written.
    mark: PathBuf,
}

impl SiteRecord {
    pub(super) fn of(archive: &Archive, codename: &SuiteName) -> Self {
        let folder = folder(archive.local());
        Self {
            // No codename has an underscore.
            path: folder.join(format!("{codename}_record")),
            mark: folder.join(format!("{codename}_writing")),
        }
    }

    /// Says whether there is one, or was to be.
    pub(super) fn is_there(&self) -> bool {
        self.path.exists() || self.mark.exists()
    }

    /// Says whether pages were being written, or taken down, and that came to no end.
    pub(super) fn is_unfinished(&self, is_shown: bool) -> bool {
        self.mark.exists() || (!is_shown && self.path.exists())
    }

    /// Opens it; `None` where there is none, or something else.
    pub(super) fn open(&self) -> Result<Option<TextStore>, SiteRecordError> {
        match TextStore::open(&self.path) {
            Ok(store) => Ok(Some(store)),
            Err(error) if error.is_no_store() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes one that holds nothing, in place of the one that is there.
    pub(super) fn create(&self) -> Result<TextStore, PublishError> {
        self.delete_record()?;
        Ok(TextStore::create(&self.path).map_err(SiteRecordError::from)?)
    }

    /// Notes that pages are about to be written, and says whether an earlier writer came to no end.
    pub(super) fn begin(&self) -> Result<bool, PublishError> {
        let was_cut_off = self.mark.exists();
        let folder = self.path.parent().expect("it is below `state`");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&self.mark, ""))
            .map_err(|error| write_error("write", self.mark.clone(), error))?;
        Ok(was_cut_off)
    }

    /// Notes that all pages are written.
    pub(super) fn end(&self) -> Result<(), PublishError> {
        self.delete(&self.mark)
    }

    /// Deletes it.
    pub(super) fn forget(&self) -> Result<(), PublishError> {
        self.delete_record()?;
        self.delete(&self.mark)
    }

    fn delete_record(&self) -> Result<(), PublishError> {
        self.delete(&self.path)?;
        // Of a change that was cut off.
        let mut journal = self.path.clone().into_os_string();
        journal.push("-journal");
        self.delete(Path::new(&journal))
    }

    fn delete(&self, path: &Path) -> Result<(), PublishError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(write_error("delete", path.to_owned(), error))
            }
            _ => Ok(()),
        }
    }
}

/// Deletes the records of all suites: another catalog counts its revisions anew.
pub(crate) fn forget(local: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder(local)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the folder of all records.
pub(super) fn folder(local: &Path) -> PathBuf {
    local.join(STATE).join("site")
}
