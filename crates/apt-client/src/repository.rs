//! `repository.json`: what an archive says of itself to clients that set themselves up.

use openpgp_policy::{Keyring, KeyringError};
use serde::Deserialize;

use crate::fetch::{FetchError, Fetcher, FileRequest, FileResponse, Location, LocationError};

/// Most bytes of the description and of the keys.
const MAX_BYTES: u64 = 4 << 20;

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Whose it is.
    pub origin: Option<String>,
    /// The fingerprints of its keys.
    #[serde(default)]
    pub fingerprints: Vec<String>,
    /// The file with its keys, below the root.
    pub keyring: Option<String>,
    /// Its suites.
    #[serde(default)]
    pub suites: Vec<Suite>,
}

/// One suite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Suite {
    /// Its codename.
    pub codename: String,
    /// Its alias.
    pub suite: Option<String>,
    /// Its components.
    #[serde(default)]
    pub components: Vec<String>,
}

/// Why an archive's description cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// It did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It names a file that cannot be.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// It is not valid JSON of the expected shape.
    #[error("`{location}` is not a description of an archive")]
    Json {
        /// Where it is.
        location: Location,
        /// Why.
        source: serde_json::Error,
    },
    /// The keyring contains no usable key.
    #[error("`{location}` contains no usable keys")]
    Keys {
        /// Where they are.
        location: Location,
        /// Why.
        source: KeyringError,
    },
}

impl Repository {
    /// Asks an archive for its description; `None` where it has none.
    ///
    /// # Errors
    /// When the archive cannot be reached, or what comes is no description.
    pub fn fetch(fetcher: &Fetcher, root: &Location) -> Result<Option<Self>, RepositoryError> {
        let location = root.below("repository.json")?;
        match get(fetcher, &location) {
            Err(FetchError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(bytes) => match Self::parse(&bytes) {
                Ok(repository) => Ok(Some(repository)),
                Err(source) => Err(RepositoryError::Json { location, source }),
            },
        }
    }

    /// Parses `repository.json`. Nobody has signed it: its names are checked where they are used.
    ///
    /// # Errors
    /// When it is not JSON of the expected shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Fetches the keys. They count for nothing until somebody has looked at them.
    ///
    /// # Errors
    /// When they cannot be fetched, or contain no usable key.
    pub fn keys(&self, fetcher: &Fetcher, root: &Location) -> Result<Keyring, RepositoryError> {
        let location = root.below(self.keyring.as_deref().unwrap_or("archive-keyring.pgp"))?;
        let bytes = get(fetcher, &location)?;
        Keyring::read(&bytes).map_err(|source| RepositoryError::Keys { location, source })
    }

    /// Returns the suite that a name means.
    pub fn suite(&self, name: &str) -> Option<&Suite> {
        self.suites
            .iter()
            .find(|suite| suite.codename == name || suite.suite.as_deref() == Some(name))
    }
}

fn get(fetcher: &Fetcher, location: &Location) -> Result<Vec<u8>, FetchError> {
    let got = fetcher.get(&FileRequest {
        location,
        limit: MAX_BYTES,
        known: None,
        range: None,
    })?;
    Ok(match got {
        FileResponse::Body { bytes, .. } => bytes,
        FileResponse::NotModified => Vec::new(),
    })
}
