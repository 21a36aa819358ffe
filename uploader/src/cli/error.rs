//! Why a command ended early, and the exit code that says so.

use anyhow::Error;

/// A command that could not do what it was asked.
pub(super) enum CommandError {
    /// The request cannot be met; nothing was changed. Exit code 1.
    NotPossible(Error),
    /// The settings cannot be used. Exit code 2, as for wrong usage.
    Settings(Error),
    /// The archive cannot be used. Exit code 3.
    Archive(Error),
}

impl CommandError {
    pub(super) fn not_possible(error: impl Into<Error>) -> Self {
        Self::NotPossible(error.into())
    }

    pub(super) fn archive(error: impl Into<Error>) -> Self {
        Self::Archive(error.into())
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::NotPossible(_) => 1,
            Self::Settings(_) => 2,
            Self::Archive(_) => 3,
        }
    }

    pub(super) fn into_cause(self) -> Error {
        match self {
            Self::NotPossible(error) | Self::Settings(error) | Self::Archive(error) => error,
        }
    }
}
