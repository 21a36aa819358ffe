//! What a publish is made of: the files that it puts in place, and the steps that do it.
//!
//! Built by [`plan`](super::plan::plan), carried out by [`apply`](super::apply::apply). Values only: a staged file is a
//! path here, and whoever staged it keeps it until the steps are done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_control::release::{IndexFile, by_hash_path};

/// One step; paths are below the folder of the suite.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublishStep {
    /// Give a staged file a name that no other file has, for its digest.
    Keep {
        /// The staged file.
        staged: PathBuf,
        /// Its name.
        path: String,
        /// Its digest.
        sha256: Sha256,
    },
    /// Give a staged file a name in place of the file that has it.
    Replace {
        /// The staged file.
        staged: PathBuf,
        /// Its name.
        path: String,
    },
    /// Make the names in these folders last.
    Sync(BTreeSet<String>),
    /// Delete a file that is no longer listed.
    Delete(String),
}

/// One file that the Release lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexOutput {
    /// Path below the folder of the suite.
    pub(super) path: String,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
    /// Whether it can be fetched, and is not only listed.
    pub(super) served: bool,
    /// The new file, where it is not the one that is published.
    pub(super) staged: Option<PathBuf>,
}

impl IndexOutput {
    /// Returns the path under which a client that knows its digest fetches it.
    pub(super) fn by_hash(&self) -> String {
        by_hash_path(&self.path, &self.sha256)
    }

    /// Returns its line in the Release.
    pub(super) fn listed(&self) -> IndexFile {
        IndexFile {
            path: self.path.clone(),
            sha256: self.sha256,
            size: self.size,
        }
    }
}

/// The staged files beside the indexes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReleaseFiles<'a> {
    pub(super) inrelease: &'a Path,
    pub(super) release: &'a Path,
    pub(super) signature: &'a Path,
}
