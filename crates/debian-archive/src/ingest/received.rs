//! Files on their way in: received, staged, and waiting on disk.

use std::fs::File;
use std::io::{self, Read, Write as _};

use archive_catalog::upload_queue::WaitingFile;
use archive_storage::pool;
use archive_storage::staging::{StagedPath, Staging, StagingError};
use archive_storage::store::{FileStore, LocalFile, StoreError};
use debian_control::digest::{Digester, Sha256};

use super::error::{IngestError, staging_error};

/// A file that is coming in, piece by piece; gone when dropped.
#[derive(Debug)]
pub struct IncomingFile {
    path: StagedPath,
    file: File,
    digester: Digester,
}

impl IncomingFile {
    /// Makes the file.
    pub fn start(staging: &Staging) -> Result<Self, StagingError> {
        let (path, file) = staging.create()?;
        Ok(Self {
            path,
            file,
            digester: Digester::sha256(),
        })
    }

    /// Takes the next piece.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StagingError> {
        self.digester.update(bytes);
        self.file.write_all(bytes).map_err(|source| StagingError {
            action: "write",
            path: self.path.as_path().to_owned(),
            source,
        })
    }

    /// Takes all that a reader has.
    pub fn write_all_of(&mut self, mut reader: impl Read) -> Result<(), IngestError> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(IngestError::Unreadable(error)),
            };
            self.write(
                buffer
                    .get(..count)
                    .expect("a reader fills no more than its buffer"),
            )?;
        }
    }

    /// Ends it.
    pub fn finish(self) -> ReceivedFile {
        let digests = self.digester.finish();
        ReceivedFile {
            path: self.path,
            file: self.file,
            sha256: digests.sha256,
            size: digests.size,
        }
    }
}

/// A file that came in, and its digest.
#[derive(Debug)]
pub struct ReceivedFile {
    pub(super) path: StagedPath,
    pub(super) file: File,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}

impl ReceivedFile {
    /// Makes a staged file that shares the bytes of another; `None` where it has to be copied.
    pub(super) fn shared(staging: &Staging, file: &File) -> Result<Option<Self>, IngestError> {
        let Some((path, file)) = staging.share(file)? else {
            return Ok(None);
        };
        let (sha256, size) =
            pool::digest_and_size(path.as_path()).map_err(|source| staging_error("read", &path, source))?;
        Ok(Some(Self {
            path,
            file,
            sha256,
            size,
        }))
    }

    /// Reads all of it: for what was bounded when it came in.
    pub fn read(&self) -> Result<Vec<u8>, IngestError> {
        std::fs::read(self.path.as_path()).map_err(|source| staging_error("read", &self.path, source))
    }

    /// Returns the digest of its bytes.
    pub fn sha256(&self) -> &Sha256 {
        &self.sha256
    }

    /// Opens it to be read from its beginning.
    pub fn open(&self) -> Result<File, IngestError> {
        File::open(self.path.as_path()).map_err(|source| staging_error("open", &self.path, source))
    }

    /// Closes it and keeps it on disk, to be read later.
    pub fn enqueue(self) -> Result<QueuedFile, IngestError> {
        QueuedFile::new(self.path, &self.file, (self.sha256, self.size))
    }
}

/// A file that came in and waits: on disk, and closed, so that many may wait.
#[derive(Debug)]
pub struct QueuedFile {
    path: StagedPath,
    sha256: Sha256,
    size: u64,
}

impl QueuedFile {
    pub(super) fn new(
        path: StagedPath,
        file: &File,
        (sha256, size): (Sha256, u64),
    ) -> Result<Self, IngestError> {
        file.sync_all()
            .map_err(|source| staging_error("sync", &path, source))?;
        Ok(Self { path, sha256, size })
    }

    /// Brings a file of the upload queue to this machine; `None` where its bytes are gone.
    pub(crate) fn fetch(
        store: &dyn FileStore,
        staging: &Staging,
        waiting: &WaitingFile,
    ) -> Result<Option<Self>, IngestError> {
        let (path, sha256, size) = match store.folder() {
            Some(root) => {
                let Some(path) = staging.link(&root.join(&waiting.path))? else {
                    return Ok(None);
                };
                (path, waiting.sha256, waiting.size)
            }
            None => {
                let Some(file) = store.open(&waiting.path, None)? else {
                    return Ok(None);
                };
                let mut receiving = IncomingFile::start(staging)?;
                receiving
                    .write_all_of(file.content)
                    .map_err(|error| match error {
                        IngestError::Unreadable(source) => IngestError::Store(StoreError {
                            action: "read",
                            path: waiting.path.clone(),
                            store: store.address().to_owned(),
                            is_away: true,
                            source: source.into(),
                        }),
                        error => error,
                    })?;
                let received = receiving.finish();
                (received.path, received.sha256, received.size)
            }
        };
        if sha256 != waiting.sha256 {
            let what = format!("`{}` has sha256 {sha256}, not {}", waiting.path, waiting.sha256);
            return Err(IngestError::Unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                what,
            )));
        }
        Ok(Some(Self { path, sha256, size }))
    }

    /// Returns the file as it came in.
    pub fn open(self) -> Result<ReceivedFile, IngestError> {
        let file =
            File::open(self.path.as_path()).map_err(|source| staging_error("open", &self.path, source))?;
        Ok(ReceivedFile {
            path: self.path,
            file,
            sha256: self.sha256,
            size: self.size,
        })
    }

    /// Returns its digest.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns it as what goes into a store.
    pub(crate) fn local(&self) -> LocalFile<'_> {
        LocalFile {
            path: self.path.as_path(),
            sha256: self.sha256,
            size: self.size,
        }
    }
}
