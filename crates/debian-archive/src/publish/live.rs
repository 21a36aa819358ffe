//! What is published now, read from disk.

use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::{Release, ReleaseError};

use crate::archive::suite_dists;

/// The live Release of a suite.
#[derive(Debug, Clone, Default)]
pub struct LiveRelease {
    inrelease: Option<Sha256>,
    release: Option<Release>,
    /// What a publish may have to delete.
    served: Vec<String>,
}

/// Why it cannot be said what is published.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The Release cannot be parsed.
    #[error("`{path}` is damaged: `repogen publish` replaces it")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReleaseError,
    },
}

impl LiveRelease {
    /// Reads what is published in `tree`; a suite that was never published has an empty one.
    pub fn read(tree: &Path, codename: &SuiteName) -> Result<Self, LiveError> {
        let folder = suite_dists(tree, codename);
        let inrelease = read(&folder.join("InRelease"))?.map(|bytes| Sha256::of(&bytes));
        let path = folder.join("Release");
        let release = match read(&path)? {
            Some(bytes) => Some(
                Release::parse(&String::from_utf8_lossy(&bytes))
                    .map_err(|source| LiveError::Damaged { path, source })?,
            ),
            None => None,
        };
        let listed = release.iter().flat_map(|release: &Release| &release.sha256);
        let served = listed
            .filter(|file| folder.join(&file.path).is_file())
            .map(|file| file.path.clone())
            .collect();
        Ok(Self {
            inrelease,
            release,
            served,
        })
    }

    /// Reads what is published for a publish, which replaces a Release that is damaged.
    pub(super) fn read_to_replace(tree: &Path, codename: &SuiteName) -> Result<Self, LiveError> {
        match Self::read(tree, codename) {
            // Its InRelease counts as missing too, so that the suite is published even where nothing changed.
            Err(LiveError::Damaged { .. }) => Ok(Self::default()),
            read => read,
        }
    }

    /// Returns the digest of its InRelease.
    pub fn inrelease(&self) -> Option<Sha256> {
        self.inrelease
    }

    /// Returns its Date, in Unix seconds.
    pub fn date(&self) -> Option<i64> {
        self.release.as_ref()?.date
    }

    /// Returns its components.
    pub fn components(&self) -> &[String] {
        self.release.as_ref().map_or(&[], |release| &release.components)
    }

    /// Returns its architectures.
    pub fn architectures(&self) -> &[String] {
        self.release
            .as_ref()
            .map_or(&[], |release| &release.architectures)
    }

    /// Returns the path, below the folder of the suite, and the digest of each file that it lists.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &Sha256)> {
        self.release
            .iter()
            .flat_map(|release| &release.sha256)
            .map(|file| (file.path.as_str(), &file.sha256))
    }

    /// Returns the paths of the files that it lists and that were there when it was read, below the folder of the suite.
    pub fn served(&self) -> &[String] {
        &self.served
    }
}

/// Reads a file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, LiveError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LiveError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
