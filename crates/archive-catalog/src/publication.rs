//! What was published of a suite, and where it stands.

use std::collections::BTreeSet;

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::{Component, SuiteName};

/// Where a suite stands.
#[derive(Debug, Clone)]
pub struct SuiteState {
    /// Its revision.
    pub revision: i64,
    /// Date of its newest Release, in Unix seconds.
    pub last_date: Option<i64>,
    /// Its newest publication.
    pub publication: Option<Publication>,
}

/// How far a suite is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Codename.
    pub suite: SuiteName,
    /// Its revision.
    pub revision: i64,
    /// Its newest publication, without its files.
    pub publication: Option<Publication>,
}

impl Progress {
    /// Says whether what is live shows all that the suite holds.
    pub fn is_published(&self) -> bool {
        self.publication
            .as_ref()
            .is_some_and(|publication| publication.revision >= self.revision)
    }
}

/// One publish of one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Revision of the suite that it shows.
    pub revision: i64,
    /// How many packages that is.
    pub packages: u64,
    /// Date of its Release, in Unix seconds.
    pub date: i64,
    /// When a later one took its place, in Unix seconds.
    pub superseded_at: Option<i64>,
    /// Digest of the settings that it was made under.
    pub settings: String,
    /// Digest of its InRelease.
    pub inrelease: Sha256,
    /// End of its validity, in Unix seconds.
    pub valid_until: Option<i64>,
    /// When the Contents indexes that it names were built, and of which revision.
    pub contents: Option<ContentsState>,
    /// The index files that it serves.
    pub files: Vec<PublishedFile>,
}

impl Publication {
    /// Returns the components and architectures that have a Packages index in it.
    pub fn places(&self) -> BTreeSet<(&str, &str)> {
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths.filter_map(place).collect()
    }

    /// Says whether a package that the suite held then is in one of its indexes. One for all architectures is in that of each.
    pub fn shows(&self, component: &Component, architecture: &Architecture) -> bool {
        let mut places = self.files.iter().filter_map(|file| place(&file.path));
        places.any(|place| {
            place.0 == component.as_str() && (architecture.is_all() || place.1 == architecture.as_str())
        })
    }
}

/// Returns the component and the architecture of a Packages index.
fn place(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let (component, architecture) = folder.rsplit_once("/binary-")?;
    file.starts_with("Packages").then_some((component, architecture))
}

/// The age of Contents indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentsState {
    /// When they were built, in Unix seconds.
    pub at: i64,
    /// Revision that they show.
    pub revision: i64,
}

/// One index file that a Release names and the archive serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Path below `dists/CODENAME`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
}
