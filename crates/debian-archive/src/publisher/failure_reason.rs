//! Why a suite cannot be published, in one word.

use crate::publish::PublishError;

/// Why a suite cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// It cannot be signed.
    Signing,
    /// Its gate blocks: packages could not be installed.
    Gate,
    /// Something else.
    Other,
}

impl FailureReason {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Signing, Self::Gate, Self::Other];

    /// Returns that of an error.
    pub fn of(error: &PublishError) -> Self {
        match error {
            PublishError::Sign(_) => Self::Signing,
            PublishError::Gated { .. } => Self::Gate,
            _ => Self::Other,
        }
    }

    /// Returns the word for metrics and clients.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Gate => "gate",
            Self::Other => "other",
        }
    }
}
