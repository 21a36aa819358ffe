//! Where an archive's files lie: the pool, staged files on their way into it, and who may read them.
//!
//! Everything that writes below an archive's root does it through here: a file is staged below `state/`, synced, and
//! linked or renamed to its place, so that no reader ever sees half of one. This crate knows paths and bytes; it never
//! reads a package, a catalog or a configuration.

mod file_digest;
pub mod permissions;
pub mod pool;
pub mod staging;
pub mod store;

/// The folder below the root that holds locks, staged files and caches.
pub const STATE: &str = "state";
