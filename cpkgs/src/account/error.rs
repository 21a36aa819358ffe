//! Why a registry did not do what was asked.

use std::io;
use std::path::PathBuf;

use apt_client::fetch::{FetchError, LocationError};

/// Why a registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The client cannot be made.
    #[error("cannot communicate with the registry")]
    Start(#[source] Box<FetchError>),
    /// Its address is not valid.
    #[error("the address of the registry")]
    Address(#[from] LocationError),
    /// Its address is that of a folder.
    #[error("`{0}` is not the address of a registry: expected `http://` or `https://`")]
    NotHttp(String),
    /// Nobody answers.
    #[error("cannot reach the registry `{registry}`")]
    Unreachable {
        /// Where.
        registry: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It says no, and why. Source: RFC 9457.
    #[error("{detail} ({code})")]
    Problem {
        /// The status of the answer.
        status: u16,
        /// For programs: `invalid_package`, `forbidden`, ...
        code: String,
        /// For people.
        detail: String,
    },
    /// Something answers that is no registry, or one of another kind.
    #[error("`{registry}` answered {status}, and not as a registry does")]
    Stranger {
        /// Where.
        registry: String,
        /// The status of the answer.
        status: u16,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RegistryError {
    /// Says whether another try may go better: nobody answered, or a server on the way was not ready.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem { status, .. } | Self::Stranger { status, .. } => {
                matches!(status, 429 | 502 | 503 | 504)
            }
            _ => false,
        }
    }
}
