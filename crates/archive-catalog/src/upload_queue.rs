//! Files that wait for the `.changes` file that names them.
//!
//! A set is what one account put for one suite by one credential. A file is known by its name and its digest, so that two uploads with
//! files of one name do not come between each other: each `.changes` file claims what it names. A claim ends by itself unless it is
//! renewed, so that what a machine had in hand when it died is finished by another.

use debian_control::changes::FileName;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use crate::accounts::Id;
use crate::error::CatalogError;

/// How long a claim lasts unless it is renewed, in seconds.
pub const CLAIM_SECONDS: u32 = 15;

/// Whose set it is, and for which suite (codename).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueKey {
    /// Whose files they are.
    pub account: Id,
    /// The token that put them; `None`: a sign-in. One token's `.changes` file claims nothing that another one put.
    pub token: Option<Id>,
    /// Codename.
    pub suite: SuiteName,
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub struct QueueBounds {
    /// Sets of one account.
    pub sets: u64,
    /// Files of one account.
    pub files: u64,
    /// Bytes of one account.
    pub bytes: u64,
    /// Files of all accounts.
    pub all_files: u64,
}

/// A file that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingFile {
    /// Its name.
    pub name: FileName,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
    /// Where its bytes are, below the root of the store.
    pub path: String,
}

/// A bound that one more file would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// Files of the account.
    #[error("{0} files of this account are queued")]
    Files(u64),
    /// Bytes of the account.
    #[error("{queued} bytes of this account are queued, of at most {allowed}")]
    Bytes {
        /// Those that wait.
        queued: u64,
        /// Those that may.
        allowed: u64,
    },
    /// Sets of the account.
    #[error("this account has queued files for {0} suites")]
    Sets(u64),
    /// Files of all accounts.
    #[error("the queue of the server is full")]
    All,
}

/// What came of having a file wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It waits.
    Added,
    /// The same file of the same set waited already: its hour begins anew, and its bytes are those that are in the store.
    Already,
    /// There is no room.
    Full(QueueFull),
}

/// What came of claiming files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueClaim {
    /// They are claimed, as far as they wait; in the order in which they were asked for.
    Claimed(Vec<ClaimedFile>),
    /// Another has claimed one of them.
    Held,
}

/// What was claimed of one file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedFile {
    /// `None`: it does not wait.
    pub file: Option<WaitingFile>,
    /// Whether a file of this name with other bytes waits.
    pub other_bytes: bool,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueUsage {
    /// Files of all accounts.
    pub files: u64,
    /// Since when the oldest waits, in Unix seconds.
    pub oldest: Option<i64>,
}

/// The upload queue of an archive. Every method is one transaction.
pub trait UploadQueue: Send + Sync {
    /// Says what speaks against one more file of so many bytes.
    fn queue_room(
        &self,
        key: &QueueKey,
        size: u64,
        bounds: &QueueBounds,
    ) -> Result<Option<QueueFull>, CatalogError>;

    /// Has the hour of a file of the set begin anew; says whether it waits.
    fn touch_queued(
        &self,
        key: &QueueKey,
        name: &FileName,
        sha256: &Sha256,
        now: i64,
    ) -> Result<bool, CatalogError>;

    /// Has a file wait whose bytes are in the store.
    fn enqueue(
        &self,
        key: &QueueKey,
        file: &WaitingFile,
        bounds: &QueueBounds,
        now: i64,
    ) -> Result<Enqueued, CatalogError>;

    /// Claims files of a set for [`CLAIM_SECONDS`]: all of those that wait, or none where another has one of them.
    fn claim_queued(
        &self,
        key: &QueueKey,
        asked: &[(FileName, Sha256)],
        claim: &Id,
    ) -> Result<QueueClaim, CatalogError>;

    /// Lengthens a claim by [`CLAIM_SECONDS`] from now.
    fn renew_queue_claim(&self, claim: &Id) -> Result<(), CatalogError>;

    /// Gives claimed files back to the queue; their hour begins anew.
    fn release_queued(&self, claim: &Id, now: i64) -> Result<(), CatalogError>;

    /// Forgets claimed files, and returns where their bytes are.
    fn finish_queued(&self, claim: &Id) -> Result<Vec<String>, CatalogError>;

    /// Forgets the files that wait since `until` or longer and that nobody has claimed, and returns where their bytes are.
    fn forget_queued(&self, until: i64) -> Result<Vec<String>, CatalogError>;

    /// Returns where the bytes of all waiting files are.
    fn queued_paths(&self) -> Result<Vec<String>, CatalogError>;

    /// Returns how much waits.
    fn queue_usage(&self) -> Result<QueueUsage, CatalogError>;
}
