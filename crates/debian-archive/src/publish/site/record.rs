//! The record of what the site of a suite shows, on this machine.
//!
//! Lost or damaged, it costs writing every page once more.

use std::io;
use std::path::{Path, PathBuf};

use archive_storage::STATE;
use debian_control::name::SuiteName;

use crate::archive::Archive;
use crate::publish::error::{PublishError, write_error};

/// The record of one suite.
pub(super) struct SiteRecord {
    name: String,
    path: PathBuf,
    /// Is there while pages are written.
    mark: PathBuf,
}

impl SiteRecord {
    pub(super) fn of(archive: &Archive, codename: &SuiteName) -> Self {
        let folder = folder(archive.local());
        Self {
            name: codename.to_string(),
            path: folder.join(codename.as_str()),
            // No codename has an underscore.
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

    /// Reads it; `None` where there is none, or one that is not text.
    pub(super) fn read(&self) -> Result<Option<String>, PublishError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                Ok(None)
            }
            Err(error) => Err(write_error("read", self.path.clone(), error)),
        }
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

    /// Records what the pages show that were written.
    ///
    /// Without a sync: what a power cut damages is found by the count at the end, and replaced.
    pub(super) fn end(&self, text: &str) -> Result<(), PublishError> {
        let draft = self.mark.with_file_name(format!("{}_draft", self.name));
        std::fs::write(&draft, text)
            .and_then(|()| std::fs::rename(&draft, &self.path))
            .and_then(|()| std::fs::remove_file(&self.mark))
            .map_err(|error| write_error("write", self.path.clone(), error))
    }

    /// Deletes it.
    pub(super) fn forget(&self) -> Result<(), PublishError> {
        for path in [&self.path, &self.mark] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(write_error("delete", path.clone(), error));
                }
                _ => {}
            }
        }
        Ok(())
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
