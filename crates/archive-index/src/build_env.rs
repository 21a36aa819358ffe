//! Where an index is built: its cache of chunks, and the folder that its files are staged in.

use archive_storage::staging::Staging;

use crate::cache::ChunkCache;

/// Where an index is built.
#[derive(Debug, Clone, Copy)]
pub struct BuildEnv<'a> {
    /// Compressed chunks.
    pub cache: &'a ChunkCache,
    /// Where its files are written.
    pub staging: &'a Staging,
}
