//! The upload queue: files that wait for their `.changes` file, their bytes in the store and what is known of them in the catalog.
//!
//! Nothing of it is on the machine that took a file in: whichever has the `.changes` file makes packages of what it names. Bytes are
//! written before their row and deleted after it, so that a machine that dies in between leaves bytes without a row, which prune finds.

use archive_catalog::accounts::Id;
use archive_catalog::upload_queue::{
    Enqueued, QueueBounds, QueueClaim, QueueFull, QueueKey, QueueUsage, WaitingFile,
};
use archive_storage::permissions::private_folder;
use archive_storage::staging::{Staging, StagingError};
use archive_storage::store::folder_of;
use debian_control::changes::{ChangesFile, FileName};

use crate::archive::Archive;
use crate::ingest::{IngestError, QueuedFile};

/// The folder of what is in the store and not served yet, below the root.
pub const STAGED: &str = "staged";
/// The folder of the queue's files, below the root.
pub const FOLDER: &str = "staged/queue";

/// How long a file waits, in seconds.
const PATIENCE: i64 = 3600;

impl Archive {
    /// Has a file wait; `key` is a name in the store that no other file has.
    ///
    /// The same file of the same set begins its hour anew.
    pub fn enqueue(
        &self,
        key: &QueueKey,
        (name, file): (FileName, &QueuedFile),
        (place, bounds): (&Id, &QueueBounds),
        now: i64,
    ) -> Result<Enqueued, IngestError> {
        let queue = self.upload_queue();
        if queue.touch_queued(key, &name, &file.sha256(), now)? {
            return Ok(Enqueued::Already);
        }
        if let Some(full) = queue.queue_room(key, file.size(), bounds)? {
            return Ok(Enqueued::Full(full));
        }
        let waiting = WaitingFile {
            name,
            sha256: file.sha256(),
            size: file.size(),
            path: format!("{FOLDER}/{place}"),
        };
        self.make_staged()?;
        self.files().put_new(&waiting.path, &file.local())?;
        self.files().settle(&mut [folder_of(&waiting.path)].into_iter())?;
        let enqueued = queue.enqueue(key, &waiting, bounds, now)?;
        if enqueued != Enqueued::Added {
            // Another request was faster.
            self.files().delete(&waiting.path)?;
        }
        Ok(enqueued)
    }

    /// Says what speaks against one more file of so many bytes.
    pub fn queue_room(
        &self,
        key: &QueueKey,
        size: u64,
        bounds: &QueueBounds,
    ) -> Result<Option<QueueFull>, IngestError> {
        Ok(self.upload_queue().queue_room(key, size, bounds)?)
    }

    /// Claims what a `.changes` file lists, as far as it waits.
    pub fn claim_queued(
        &self,
        key: &QueueKey,
        listed: &[ChangesFile],
        claim: &Id,
    ) -> Result<QueueClaim, IngestError> {
        let asked: Vec<_> = listed
            .iter()
            .map(|file| (file.name.clone(), file.sha256))
            .collect();
        Ok(self.upload_queue().claim_queued(key, &asked, claim)?)
    }

    /// Brings a queued file to this machine; `None` where its bytes are gone.
    pub fn fetch_queued(
        &self,
        staging: &Staging,
        waiting: &WaitingFile,
    ) -> Result<Option<QueuedFile>, IngestError> {
        QueuedFile::fetch(self.files(), staging, waiting)
    }

    /// Lengthens a claim.
    pub fn renew_queue_claim(&self, claim: &Id) -> Result<(), IngestError> {
        Ok(self.upload_queue().renew_queue_claim(claim)?)
    }

    /// Gives claimed files back to the queue.
    pub fn release_queued(&self, claim: &Id, now: i64) -> Result<(), IngestError> {
        Ok(self.upload_queue().release_queued(claim, now)?)
    }

    /// Takes claimed files out of the queue, with their bytes.
    pub fn finish_queued(&self, claim: &Id) -> Result<(), IngestError> {
        let paths = self.upload_queue().finish_queued(claim)?;
        self.delete_staged(paths)
    }

    /// Lets go what has waited for too long.
    pub fn sweep_queue(&self, now: i64) -> Result<(), IngestError> {
        let paths = self.upload_queue().forget_queued(now - PATIENCE)?;
        self.delete_staged(paths)
    }

    /// Returns how much waits.
    pub fn queue_usage(&self) -> Result<QueueUsage, IngestError> {
        Ok(self.upload_queue().queue_usage()?)
    }

    /// Makes the folder of what is not served yet, where the store is a folder.
    pub(crate) fn make_staged(&self) -> Result<(), IngestError> {
        let Some(root) = self.files().folder() else {
            return Ok(());
        };
        // Nobody else on this machine reads what is not published yet.
        let folder = root.join(STAGED);
        private_folder(&folder).map_err(|source| StagingError {
            action: "make",
            path: folder,
            source,
        })?;
        Ok(())
    }

    /// Deletes what nobody waits for any more.
    pub(crate) fn delete_staged(&self, paths: Vec<String>) -> Result<(), IngestError> {
        for path in paths {
            self.files().delete(&path)?;
        }
        Ok(())
    }
}
