//! Why a system cannot be read or changed.

use std::io;
use std::path::{Path, PathBuf};

use debian_formats::relation::RelationError;

use crate::store::StoreError;

/// Why a system cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// Somebody else than root asks.
    #[error("only root may change what is installed on this system")]
    NotRoot,
    /// A file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// dpkg's database says something that has no meaning.
    #[error("`{}` is not right: {why}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An earlier run of dpkg was cut off.
    #[error("`{package}` is {state}: dpkg was interrupted")]
    Interrupted {
        /// The package.
        package: String,
        /// Its state in dpkg's words.
        state: String,
    },
    /// A package is no longer what was verified.
    #[error("`{}` is not what was verified", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A package is not the one that the index means, or none.
    #[error(transparent)]
    Package(StoreError),
    /// A field of a package cannot be read.
    #[error("a field of `{package}` cannot be read")]
    Relation {
        /// The package.
        package: String,
        /// Why.
        source: RelationError,
    },
    /// dpkg cannot be started.
    #[error("cannot start dpkg")]
    Start(#[source] io::Error),
    /// dpkg did not do it; it said why.
    #[error("`dpkg {action}` failed ({status})")]
    Failed {
        /// What it was to do.
        action: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
    },
}

impl SystemError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }
}
