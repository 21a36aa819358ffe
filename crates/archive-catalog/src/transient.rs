//! Failures that pass.

/// Why a catalog cannot be used at present, and may be later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransientFailure {
    /// Others held it for too long.
    Busy,
    /// There is no room to write.
    Full,
    /// The server of the database cannot be reached, or is starting or stopping.
    Away,
}
