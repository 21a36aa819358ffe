//! How far a walk may go.

/// Bounds on one tar archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarBounds {
    /// Headers, those that carry a long name included.
    pub max_entries: u64,
    /// Bytes of one path or link target.
    pub max_path_bytes: usize,
    /// Bytes of all paths and link targets together.
    pub max_paths_bytes: u64,
}
