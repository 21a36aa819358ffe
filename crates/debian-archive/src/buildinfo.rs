//! Build records (`.buildinfo`, deb-buildinfo(5)) of what came in: `buildinfo/CODENAME/SOURCE/NAME` below the root.
//!
//! They lie outside `pool/`, since no index names them, and outside `state/`, since nothing makes them again. Nothing
//! deletes them, and nothing serves them.

use std::path::Path;

use debian_control::changes::FileName;
use debian_control::digest::Sha256;
use debian_control::name::PackageName;

use crate::archive::Archive;
use crate::config::Suite;
use crate::ingest::QueuedFile;
use archive_storage::pool::{self, PoolError};

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
            let target = self.root().join(path);
            if pool::link_as(record.path(), &target, &record.sha256())? {
                return pool::sync_folders(self.root(), [target.as_path()]);
            }
        }
        let [first, _] = paths;
        Err(pool::both_taken(self.root().join(first)))
    }

    /// Returns whether a record with these bytes is kept.
    pub fn keeps_record(&self, name: &RecordName<'_>, sha256: &Sha256) -> bool {
        let holds = |path: &Path| pool::digest(path).is_ok_and(|found| found == *sha256);
        let paths = name.paths(sha256);
        paths.iter().any(|path| holds(&self.root().join(path)))
    }
}
