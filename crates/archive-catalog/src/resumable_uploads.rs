//! Uploads that come in parts, and go on where they stopped.
//!
//! The parts of an upload follow each other without gaps. A part counts from the moment that its row is written, which happens only where the
//! upload still ends at the offset that the part begins at: of two writers at one offset, one wins. Bytes of parts are in the store.

use debian_control::digest::Sha256;
use debian_control::name::{Component, SuiteName};

use crate::accounts::Id;
use crate::error::CatalogError;

/// An upload that comes in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumableUpload {
    /// Its key.
    pub id: Id,
    /// Whose it is.
    pub account: Id,
    /// Codename.
    pub suite: SuiteName,
    /// Where in the suite.
    pub component: Component,
    /// Whether the answer waits until the package is live.
    pub waits: bool,
    /// Whether it is taken also with known vulnerabilities that the suite does not take.
    pub allows_vulnerable: bool,
    /// What the client calls the file.
    pub name: Option<String>,
    /// Bytes in all.
    pub length: u64,
    /// Bytes that are kept.
    pub received: u64,
    /// When it was last added to, in Unix seconds.
    pub since: i64,
    /// The package that it became, and the status of that answer.
    pub placed: Option<UploadOutcome>,
}

/// What an upload became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadOutcome {
    /// The content.
    pub sha256: Sha256,
    /// Status of the answer.
    pub status: u16,
}

/// A part of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Offset of its first byte.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// Where its bytes are, below the root of the store.
    pub path: String,
}

/// How much may be under way.
#[derive(Debug, Clone, Copy)]
pub struct UploadBounds {
    /// Uploads of one account.
    pub uploads: u64,
    /// Bytes of one account, as its uploads announce them.
    pub bytes: u64,
    /// Uploads of all accounts.
    pub all: u64,
}

/// A bound that one more upload would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadsFull {
    /// Uploads of the account.
    #[error("{0} uploads of this account are unfinished")]
    Uploads(u64),
    /// Bytes of the account.
    #[error(
        "unfinished uploads of this account have {announced} of the {allowed} bytes that it may have under way"
    )]
    Bytes {
        /// Bytes that its uploads announce.
        announced: u64,
        /// Bytes that it may have under way.
        allowed: u64,
    },
    /// Uploads of all accounts.
    #[error("too many uploads are unfinished")]
    All,
}

/// The uploads in parts of an archive.
pub trait ResumableUploads: Send + Sync {
    /// Notes an upload of which nothing came yet; says what speaks against it.
    fn begin_upload(
        &self,
        upload: &ResumableUpload,
        bounds: &UploadBounds,
    ) -> Result<Option<UploadsFull>, CatalogError>;

    /// Returns an upload of an account.
    fn resumable_upload(&self, account: &Id, id: &Id) -> Result<Option<ResumableUpload>, CatalogError>;

    /// Returns at most `limit` uploads of an account that are unfinished, the oldest first.
    fn unfinished_uploads(&self, account: &Id, limit: usize) -> Result<Vec<ResumableUpload>, CatalogError>;

    /// Adds a part; says false, and keeps nothing, where the upload is gone, finished, or does not end at its offset, and
    /// for a part that would end the file, which counts with the package only.
    fn add_part(&self, id: &Id, part: &UploadPart, now: i64) -> Result<bool, CatalogError>;

    /// Returns the parts of an upload, in their order.
    fn upload_parts(&self, id: &Id) -> Result<Vec<UploadPart>, CatalogError>;

    /// Notes what an upload became, and returns the paths of its parts, which are of no use any more.
    fn finish_upload(&self, id: &Id, placed: &UploadOutcome, now: i64) -> Result<Vec<String>, CatalogError>;

    /// Forgets an upload, and returns the paths of its parts.
    fn forget_upload(&self, id: &Id) -> Result<Vec<String>, CatalogError>;

    /// Forgets what was not added to since `until`, and returns the paths of its parts.
    fn forget_uploads(&self, until: i64) -> Result<Vec<String>, CatalogError>;

    /// Returns the paths of all parts.
    fn part_paths(&self) -> Result<Vec<String>, CatalogError>;
}
