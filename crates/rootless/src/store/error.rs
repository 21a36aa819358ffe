//! Why a package is not unpacked.

use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_deb::DebError;

use super::Expected;

/// Why a package is not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is another than the index names.
    #[error("`{}` is not the file that the index names: its SHA256 is {found}, not {expected}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// What the index says.
        expected: Sha256,
        /// What it is.
        found: Sha256,
    },
    /// The package says of itself something else than the index does.
    #[error("the package that the index calls `{name}` has `{field}: {found}`, not `{expected}`")]
    Disagrees {
        /// The package.
        name: String,
        /// The field.
        field: &'static str,
        /// What the index says.
        expected: String,
        /// What the package says.
        found: String,
    },
    /// It holds something that is not unpacked without root, or by nobody.
    #[error("`{name}` {version} is refused: `{path}` {why}")]
    Refused {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// The entry, escaped.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is no package.
    #[error("`{name}` {version} cannot be read as a package")]
    Deb {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// What is wrong.
        source: Box<DebError>,
    },
    /// Two files with one beginning of their digests and one name: somebody made them.
    #[error("`{}` holds another package with the same beginning of its digest", path.display())]
    OtherContent {
        /// The folder.
        path: PathBuf,
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

/// What is wrong with an entry, or with the package itself where there is no entry yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("{path}: {why}")]
    Entry { path: String, why: String },
    #[error("{field}")]
    Disagrees {
        field: &'static str,
        expected: String,
        found: String,
    },
}

impl StoreError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Says whether it is the package that is wrong, and not the disk.
    pub fn is_verification(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }

    pub(super) fn of_deb(package: &Expected, error: DebError) -> Self {
        match error {
            DebError::Visitor { source, .. } => Self::of_entry(package, source),
            DebError::Io(source) => Self::io(Path::new(&package.name), source),
            error => Self::Deb {
                name: package.name.clone(),
                version: package.version.clone(),
                source: Box::new(error),
            },
        }
    }

    pub(super) fn of_entry(package: &Expected, error: io::Error) -> Self {
        let (name, version) = (package.name.clone(), package.version.clone());
        match error.downcast::<Problem>() {
            Ok(Problem::Entry { path, why }) => Self::Refused {
                name,
                version,
                path,
                why,
            },
            Ok(Problem::Disagrees {
                field,
                expected,
                found,
            }) => Self::Disagrees {
                name,
                field,
                expected,
                found,
            },
            Err(source) => Self::io(Path::new(&package.name), source),
        }
    }
}
