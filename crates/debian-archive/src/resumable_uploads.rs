//! Uploads that come in parts: their bytes in the store and what is known of them in the catalog, so that any machine goes on with what
//! another began.
//!
//! Bytes are written before their row and deleted after it, as those of the upload queue are.

use archive_catalog::accounts::Id;
use archive_catalog::resumable_uploads::{
    ResumableUpload, UploadBounds, UploadOutcome, UploadPart, UploadsFull,
};
use archive_storage::staging::Staging;
use archive_storage::store::{StoreError, folder_of};

use crate::archive::Archive;
use crate::ingest::{IncomingFile, IngestError, QueuedFile};

/// The folder of parts, below the root.
const FOLDER: &str = "staged/uploads";

/// How long an upload to which nothing is added is kept, in seconds.
pub const PATIENCE: i64 = 24 * 3600;

impl Archive {
    /// Notes an upload of which nothing came yet; says what speaks against it.
    pub fn begin_upload(
        &self,
        upload: &ResumableUpload,
        bounds: &UploadBounds,
    ) -> Result<Option<UploadsFull>, IngestError> {
        Ok(self.resumable_uploads().begin_upload(upload, bounds)?)
    }

    /// Adds a part at an offset; says false, and keeps nothing, where the upload does not end there. `place` is a name in the store that
    /// no other file has.
    pub fn add_part(
        &self,
        id: &Id,
        (start, file): (u64, &QueuedFile),
        place: &Id,
        now: i64,
    ) -> Result<bool, IngestError> {
        let part = UploadPart {
            start,
            size: file.size(),
            path: format!("{FOLDER}/{place}"),
        };
        self.make_staged()?;
        self.files().put_new(&part.path, &file.local())?;
        self.files().settle(&mut [folder_of(&part.path)].into_iter())?;
        let added = self.resumable_uploads().add_part(id, &part, now)?;
        if !added {
            // Another request was faster.
            self.files().delete(&part.path)?;
        }
        Ok(added)
    }

    /// Writes all parts of an upload one after the other; `None` where it has changed since, or bytes of it are gone.
    pub fn join_parts(
        &self,
        staging: &Staging,
        upload: &ResumableUpload,
    ) -> Result<Option<IncomingFile>, IngestError> {
        let mut joined = IncomingFile::start(staging)?;
        let mut end = 0;
        for part in self.resumable_uploads().upload_parts(&upload.id)? {
            let Some(file) = self.files().open(&part.path, None)? else {
                return Ok(None);
            };
            if part.start != end || file.head.size != part.size {
                return Ok(None);
            }
            joined
                .write_all_of(file.content)
                .map_err(|error| unreadable(self, &part.path, error))?;
            end += part.size;
        }
        Ok((end == upload.received).then_some(joined))
    }

    /// Notes what an upload became, and deletes its parts.
    pub fn finish_upload(&self, id: &Id, placed: &UploadOutcome, now: i64) -> Result<(), IngestError> {
        let paths = self.resumable_uploads().finish_upload(id, placed, now)?;
        self.delete_staged(paths)
    }

    /// Forgets an upload, with its parts.
    pub fn forget_upload(&self, id: &Id) -> Result<(), IngestError> {
        let paths = self.resumable_uploads().forget_upload(id)?;
        self.delete_staged(paths)
    }

    /// Lets go what nobody went on with.
    pub fn sweep_uploads(&self, now: i64) -> Result<(), IngestError> {
        let paths = self.resumable_uploads().forget_uploads(now - PATIENCE)?;
        self.delete_staged(paths)
    }
}

/// What cannot be read of a part is the store's fault, and not that of the upload.
fn unreadable(archive: &Archive, path: &str, error: IngestError) -> IngestError {
    match error {
        IngestError::Unreadable(source) => IngestError::Store(StoreError {
            action: "read",
            path: path.to_owned(),
            store: archive.files().address().to_owned(),
            is_away: archive.files().folder().is_none(),
            source: source.into(),
        }),
        error => error,
    }
}
