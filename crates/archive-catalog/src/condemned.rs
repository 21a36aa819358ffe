//! Files of the pool on their way out.
//!
//! A file is deleted only after it was condemned, in a transaction that found no row for it. A placement under a condemned path is
//! refused until its bytes were put there anew, after the deletion: so no machine excludes another, and no row is without its file.

use debian_control::digest::Sha256;

/// How long a deletion is remembered, in seconds: longer than any upload takes from sending its bytes to its placement.
pub(crate) const REMEMBERED: i64 = 24 * 3600;
/// After how many seconds whoever was deleting a file is taken for dead.
pub(crate) const GIVEN_UP: i64 = 600;
/// How long deleting what was condemned together may take, in seconds: far less than the time after which another does it.
pub const DELETION_SECONDS: u64 = 60;

/// One case of a condemned file; none has the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condemnation(pub(crate) i64);

/// A file that may be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CondemnedFile {
    /// The case.
    pub condemnation: Condemnation,
    /// Below the root of the store.
    pub path: String,
}

/// Files that may be deleted, and those that somebody else is deleting.
#[derive(Debug, Default)]
pub struct CondemnedFiles {
    /// Which may be deleted.
    pub condemned: Vec<CondemnedFile>,
    /// Which another machine is deleting, below the root.
    pub in_hand: Vec<String>,
}

/// Who may be deleting files of the pool at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleters {
    /// Nobody but the one who asks: what is condemned was left behind.
    OnlyThis,
    /// Other machines too.
    Several,
}

/// A file of a tree that is to have a row.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Below the tree.
    pub path: String,
    /// The case after whose deletion its bytes were put there.
    pub put_after: Option<Condemnation>,
}

/// A file that has no row since its path is condemned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// Below the root.
    pub path: String,
    /// The case, once the file is gone.
    pub deleted: Option<Condemnation>,
}
