//! From the bytes of a .deb to a file in the pool and a row in the catalog.
//!
//! Two steps, so that many packages share the second: [`Archive::stage`] copies, hashes and reads one file and may run on
//! any number of threads; [`Archive::commit`] takes a batch of them. What it answers is on disk: files synced,
//! folders synced, catalog committed, in this order.

mod commit;
mod copy;
mod error;
mod file_kind;
mod links;
mod read;
mod received;

use std::fs::File;
use std::io::Read;

pub use self::copy::CopyWish;
pub use self::error::IngestError;
pub use self::file_kind::FileKind;
pub(crate) use self::read::read_content_from;
pub use self::read::{NamePolicy, UploadContext, VulnerablePolicy};
pub use self::received::{IncomingFile, QueuedFile, ReceivedFile};
use archive_catalog::audit::Actor;
use archive_catalog::listing::Description;
use archive_catalog::{Content, NewContent};
use archive_storage::staging::{StagedPath, Staging};
use archive_storage::store::LocalFile;
use debian_control::name::Component;

use self::error::staging_error;
use self::read::{check_architecture, check_fields, read_content};
use crate::archive::Archive;
use crate::config::Suite;

/// The destination of a package.
#[derive(Debug, Clone, Copy)]
pub struct SuiteComponent<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// One of its components.
    pub component: &'a Component,
}

/// A .deb that was read, found right and copied next to the pool.
#[derive(Debug)]
pub struct StagedPackage {
    content: NewContent,
    /// `None`: its bytes were known, and nothing was kept.
    file: Option<(StagedPath, File)>,
    /// The pool path that has these bytes already.
    held: Option<String>,
    /// The pool path that they were sent to ahead of the commit.
    sent: Option<String>,
    /// Who sent it.
    by: Option<Actor>,
    vulnerable: VulnerablePolicy,
    /// What its suite is to say of it besides.
    metadata: Description,
}

impl StagedPackage {
    /// Brings its bytes to disk ahead of the commit, which does so too: many threads that wait share what one alone waits for.
    pub fn sync(&self) -> Result<(), IngestError> {
        match &self.file {
            Some((path, file)) => file
                .sync_all()
                .map_err(|source| staging_error("sync", path, source)),
            None => Ok(()),
        }
    }

    /// Closes it and keeps it on disk, to be read again later; `None` when nothing was kept of it.
    pub fn enqueue(self) -> Result<Option<QueuedFile>, IngestError> {
        let Content { sha256, size, .. } = self.content.content;
        self.file
            .map(|(path, file)| QueuedFile::new(path, &file, (sha256, size)))
            .transpose()
    }

    /// Returns what it holds.
    pub fn content(&self) -> &Content {
        &self.content.content
    }

    /// Returns its file as what goes into a store; `None` when nothing was kept of it.
    pub(crate) fn local(&self) -> Option<LocalFile<'_>> {
        let Content { sha256, size, .. } = self.content.content;
        self.file.as_ref().map(|(path, _)| LocalFile {
            path: path.as_path(),
            sha256,
            size,
        })
    }

    /// Names who sends it, by the rights that they have now: time has passed since it was read.
    pub fn set_sender(&mut self, by: Actor) {
        self.by = Some(by);
    }
}

impl Archive {
    /// Copies, hashes and reads a .deb, for the tree of the pool that `place` means.
    pub fn stage(
        &self,
        staging: &Staging,
        reader: impl Read,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let mut receiving = IncomingFile::start(staging)?;
        receiving.write_all_of(reader)?;
        self.inspect(receiving.finish(), place, arrival)
    }

    /// Shares, hashes and reads a .deb whose bytes need not be copied into the pool; copies it where it cannot be shared.
    ///
    /// See [`Staging::share`] for what its owner must not do with it any more.
    pub fn stage_shared(
        &self,
        staging: &Staging,
        file: File,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        match ReceivedFile::shared(staging, &file)? {
            Some(received) => self.inspect(received, place, arrival),
            None => self.stage(staging, file, place, arrival),
        }
    }

    /// Reads a .deb that was received, for the tree of the pool that `place` means.
    pub fn inspect(
        &self,
        received: ReceivedFile,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let ReceivedFile {
            path,
            file,
            sha256,
            size,
        } = received;
        let tree = place.suite.pool_tree();
        let (content, held) = match self.catalog().find(&sha256, tree)? {
            Some(known) => known,
            None => (read_content(path.as_path(), (sha256, size), arrival)?, None),
        };
        arrival.names.check(&content.content)?;
        check_fields(&content.content.control)?;
        check_architecture(place.suite, &content.content.architecture)?;
        Ok(StagedPackage {
            content,
            file: Some((path, file)),
            held,
            sent: None,
            by: arrival.by.clone(),
            vulnerable: arrival.vulnerable,
            metadata: Description::default(),
        })
    }
}
