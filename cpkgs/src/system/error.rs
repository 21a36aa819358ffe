//! Why a system cannot be read or changed.

use std::io;
use std::path::{Path, PathBuf};

use debian_control::relation::RelationError;
use debian_control::terminal::escaped;

use super::Unfinished;
use rootless::store::StoreError;

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
    #[error("`{}` is invalid: {why}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
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
    /// What apt's configuration has called around dpkg failed.
    #[error("`{}` failed, which apt's configuration runs around dpkg", escaped(command))]
    Hook {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// dpkg did not do it; it said why.
    #[error("`dpkg {action}` failed ({status}){}", .unfinished.iter().map(|one| format!("; {one}")).collect::<String>())]
    Failed {
        /// What it was to do.
        action: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it leaves undone.
        unfinished: Vec<Unfinished>,
    },
    /// Whoever asked wanted it to end; dpkg was let go on to a place where nothing is half done.
    #[error("interrupted, after dpkg finished what it had begun")]
    Stopped {
        /// Packages of the plan that were not unpacked or removed; at least one.
        remaining: Vec<String>,
    },
    /// Whoever asked wanted it to end when there was nothing left to stop.
    #[error("interrupted, after all of the plan was done")]
    StoppedAtEnd,
    /// What is to catch an interruption cannot be set up.
    #[error("cannot defer interruptions")]
    Signals(#[source] io::Error),
}

impl SystemError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }

    pub(super) fn invalid(path: &Path, why: &impl ToString) -> Self {
        Self::Database {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}
