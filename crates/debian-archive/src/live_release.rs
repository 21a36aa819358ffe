//! What is published now, read from the store.

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::{Release, ReleaseError};

use crate::archive::suite_dists;
use archive_storage::store::{FileHead, FileStore, StoreError};

/// The live Release of a suite.
#[derive(Debug, Clone, Default)]
pub struct LiveRelease {
    inrelease: Option<Sha256>,
    /// What tells the InRelease from a later one.
    head: Option<FileHead>,
    release: Option<Release>,
    /// Whether InRelease is another Release than the one in the plain file.
    is_torn: bool,
}

/// Why it cannot be said what is published.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The Release cannot be parsed.
    #[error("`{path}` is damaged: `repogen publish` replaces it")]
    Damaged {
        /// The file, below the root.
        path: String,
        /// What is wrong with it.
        source: ReleaseError,
    },
}

impl LiveRelease {
    /// Reads what is published in `tree`; a suite that was never published has an empty one.
    pub fn read(files: &dyn FileStore, tree: &str, codename: &SuiteName) -> Result<Self, LiveError> {
        let folder = suite_dists(tree, codename);
        let inrelease = files.read_with_head(&format!("{folder}/InRelease"))?;
        let path = format!("{folder}/Release");
        let plain = files.read(&path)?;
        let plain = plain.as_deref().map(String::from_utf8_lossy);
        let release = match &plain {
            Some(text) => Some(Release::parse(text).map_err(|source| LiveError::Damaged { path, source })?),
            None => None,
        };
        let is_torn = inrelease.as_ref().is_some_and(|(bytes, _)| {
            let text = String::from_utf8_lossy(bytes);
            signed_text(&text).map(str::trim_end) != plain.as_deref().map(str::trim_end)
        });
        Ok(Self {
            is_torn,
            inrelease: inrelease.as_ref().map(|(bytes, _)| Sha256::of(bytes)),
            head: inrelease.map(|(_, head)| head),
            release,
        })
    }

    /// Reads what is published for a publish, which replaces a Release that is damaged.
    pub(crate) fn read_to_replace(
        files: &dyn FileStore,
        tree: &str,
        codename: &SuiteName,
    ) -> Result<Self, LiveError> {
        match Self::read(files, tree, codename) {
            // Its InRelease counts as missing too, so that the suite is published even where nothing changed.
            Err(LiveError::Damaged { .. }) => Ok(Self {
                head: files.head(&format!("{}/InRelease", suite_dists(tree, codename)))?,
                ..Self::default()
            }),
            read => read,
        }
    }

    /// Returns what tells its InRelease from a later one.
    pub(crate) fn head(&self) -> Option<&FileHead> {
        self.head.as_ref()
    }

    /// Returns the digest of its InRelease.
    pub fn inrelease(&self) -> Option<Sha256> {
        self.inrelease
    }

    /// Says whether its InRelease and its Release are of two publishes: a publisher that had lost its lease wrote plain names, say.
    pub(crate) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Returns it as it was read.
    pub(crate) fn release(&self) -> Option<&Release> {
        self.release.as_ref()
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
}

/// Returns the text between the armour of an InRelease; `None` where there is no such armour.
///
/// No line of a Release begins with a dash, so that none is escaped (RFC 9580, 7.1).
pub(crate) fn signed_text(inrelease: &str) -> Option<&str> {
    let (_, rest) = inrelease.split_once("-----BEGIN PGP SIGNED MESSAGE-----\n")?;
    let (_, text) = rest.split_once("\n\n")?;
    let (text, _) = text.split_once("\n-----BEGIN PGP SIGNATURE-----")?;
    Some(text)
}
