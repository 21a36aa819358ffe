//! Build records (`.buildinfo`, deb-buildinfo(5)) of what came in: `buildinfo/CODENAME/SOURCE/NAME` below the root.
//!
//! They lie outside `pool/`, since no index names them, and outside `state/`, since nothing makes them again. Nothing
//! deletes them, and nothing serves them.

use debian_control::changes::FileName;
use debian_control::digest::Sha256;
use debian_control::name::PackageName;

use crate::archive::Archive;
use crate::config::Suite;
use crate::ingest::QueuedFile;
use archive_storage::pool::{self, PoolError};
use archive_storage::store::{self, PutNew, StoreError, folder_of};

/// The folder, below the root.
pub const FOLDER: &str = "buildinfo";

/// What a build record is called.
#[derive(Debug, Clone, Copy)]
pub struct RecordName<'a> {
    /// The suite that the build was for.
    pub suite: &'a Suite,
    /// The source package.
    pub source: &'a PackageName,
    /// The name of the file.
    pub file: &'a FileName,
}

impl RecordName<'_> {
    fn paths(&self, sha256: &Sha256) -> [String; 2] {
        let folder = format!("{FOLDER}/{}/{}", self.suite.codename, self.source);
        pool::names_in(&folder, self.file.as_str(), sha256)
    }
}

impl Archive {
    /// Keeps a record. It is on disk then; one that is kept already stays as it is, and other bytes lie beside it.
    pub fn keep_record(&self, name: &RecordName<'_>, record: &QueuedFile) -> Result<(), PoolError> {
        let paths = name.paths(&record.sha256());
        for path in &paths {
            if self.files().put_new(path, &record.local())? != PutNew::Other {
                return Ok(self.files().settle(&mut [folder_of(path)].into_iter())?);
            }
        }
        let [first, _] = paths;
        Err(PoolError::BothTaken(first))
    }

    /// Returns whether a record with these bytes is kept.
    pub fn keeps_record(&self, name: &RecordName<'_>, sha256: &Sha256) -> Result<bool, StoreError> {
        for path in name.paths(sha256) {
            if store::digest(self.files(), &path)?.is_some_and(|(found, _)| found == *sha256) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
