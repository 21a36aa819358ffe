//! What a publish is made of: the files that it puts in place, and the steps that do it.
//!
//! Built by [`plan`](super::plan::plan), carried out by [`apply`](super::apply::apply). Values only: a staged file is a
//! path here, and whoever staged it keeps it until the steps are done.

use std::collections::BTreeSet;
use std::path::PathBuf;

use debian_control::digest::Sha256;
use debian_control::release::{IndexFile, by_hash_path};

use archive_storage::store::LocalFile;

/// One step; paths are below the folder of the suite.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublishStep {
    /// Give a staged file a name that no other file has, for its digest.
    Keep {
        /// The staged file.
        staged: StagedFile,
        /// Its name.
        path: String,
    },
    /// Give a staged file a name in place of the file that has it. What was staged may be gone then.
    Replace {
        /// The staged file.
        staged: StagedFile,
        /// Its name.
        path: String,
    },
    /// Make the names in these folders last.
    Sync(BTreeSet<String>),
    /// Delete a file that is no longer listed.
    Delete(String),
}

/// A file that is staged, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StagedFile {
    pub(super) path: PathBuf,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}

impl StagedFile {
    /// Returns it as what goes into a store.
    pub(super) fn local(&self) -> LocalFile<'_> {
        LocalFile {
            path: &self.path,
            sha256: self.sha256,
            size: self.size,
        }
    }
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

    /// Returns the new file, where there is one.
    pub(super) fn staged_file(&self) -> Option<StagedFile> {
        let path = self.staged.clone()?;
        Some(StagedFile {
            path,
            sha256: self.sha256,
            size: self.size,
        })
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
    pub(super) inrelease: &'a StagedFile,
    pub(super) release: &'a StagedFile,
    pub(super) signature: &'a StagedFile,
}
