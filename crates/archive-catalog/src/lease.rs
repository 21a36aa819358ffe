//! Who publishes a suite, where several machines may.

use debian_control::name::SuiteName;

/// How long a lease lasts unless it is renewed, in seconds: how long publishing stands still at most when its holder dies.
pub const LEASE_SECONDS: u32 = 15;

/// A lease, counted: each that is taken of a suite has a higher number than all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub(crate) i64);

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseState {
    /// Codename.
    pub suite: SuiteName,
    /// The number of the one that was taken last.
    pub epoch: i64,
    /// For how many seconds its holder has had it; `None` while nobody has it.
    pub held_for: Option<i64>,
}

/// What came of asking for the lease of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The catalog is a file of this machine, whose publishers take turns by a lock on the disk.
    NotNeeded,
    /// It was free, or its time was over.
    Taken(Epoch),
    /// Somebody has it.
    Held {
        /// Who: a host and a process.
        by: String,
    },
}
