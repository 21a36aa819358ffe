//! Why a generation is not made.

use std::io;
use std::path::{Path, PathBuf};

/// Why a generation is not made, or not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// There is no such generation.
    #[error("there is no generation {number}")]
    Unknown {
        /// Its number.
        number: u64,
    },
    /// Something else is where a link of the install folder belongs.
    #[error("`{}` is there, and not a link of cpkgs: expected an install directory without it", path.display())]
    Taken {
        /// What is there.
        path: PathBuf,
    },
    /// Two packages have one file.
    #[error("`{one}` and `{other}` both have `{path}`, and neither replaces the other's")]
    Conflict {
        /// The file, escaped.
        path: String,
        /// A package.
        one: String,
        /// Another one.
        other: String,
    },
    /// A package has a file where a link leads elsewhere.
    #[error("`{name}` has `{path}`, which would be written through a link that leads out of the tree")]
    Through {
        /// The package.
        name: String,
        /// The path, escaped.
        path: String,
    },
    /// What is kept about a package cannot be read.
    #[error("the stored data of `{name}` is wrong: {why}")]
    Broken {
        /// The package.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The disk fails.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl GenerationError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Says whether a package is what no package should be.
    pub fn is_verification(&self) -> bool {
        matches!(self, Self::Through { .. } | Self::Broken { .. })
    }
}
