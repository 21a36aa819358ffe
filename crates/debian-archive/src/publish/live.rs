//! What is published now, as it lies on disk.

use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::Release;

/// The live Release of a suite.
#[derive(Debug, Clone, Default)]
pub struct Live {
    folder: PathBuf,
    inrelease: Option<Sha256>,
    release: Option<Release>,
}

impl Live {
    /// Reads what is published in `tree`; what is missing or cannot be read counts as not there.
    pub fn read(tree: &Path, codename: &SuiteName) -> Self {
        let folder = tree.join("dists").join(codename.as_str());
        let inrelease = std::fs::read(folder.join("InRelease"))
            .ok()
            .map(|bytes| super::digest(&bytes));
        let release = std::fs::read_to_string(folder.join("Release"))
            .ok()
            .and_then(|text| Release::parse(&text).ok());
        Self {
            folder,
            inrelease,
            release,
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

    /// Returns the paths of the files that it lists and that are there, below the folder of the suite.
    pub fn served(&self) -> Vec<String> {
        let listed = self
            .release
            .iter()
            .flat_map(|release| &release.sha256)
            .map(|file| file.path.clone());
        listed.filter(|path| self.folder.join(path).is_file()).collect()
    }
}
