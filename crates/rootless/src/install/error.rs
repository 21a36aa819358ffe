//! Why nothing was installed.

use debian_control::stanza::StanzaError;

use crate::conffiles::ConffileError;
use crate::generation::GenerationError;
use crate::store::StoreError;

/// Why nothing was installed, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootlessError {
    /// A package is not unpacked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A generation is not made.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// It counts, but configuration files could not be brought up to date.
    #[error("the packages are in place, but not their configuration files: run `cpkgs repair`")]
    Conffiles(#[from] ConffileError),
    /// A stanza cannot be read.
    #[error("the stanza of a package cannot be read")]
    Stanza {
        /// What is wrong.
        source: StanzaError,
    },
    /// There is nothing to go back to.
    #[error("there is no earlier generation")]
    NothingBefore,
}

impl RootlessError {
    /// Says whether a package is not what it should be, rather than the disk or the request.
    pub fn is_verification(&self) -> bool {
        match self {
            Self::Store(error) => error.is_verification(),
            Self::Generation(error) => error.is_verification(),
            _ => false,
        }
    }
}
