//! Archives as they are configured, with their keys.

use std::path::{Path, PathBuf};

use debian_control::architecture::{Architecture, ArchitectureError};
use debian_control::digest::{Digester, Sha256};
use openpgp_policy::{Keyring, KeyringError};
use serde::{Deserialize, Serialize};

use crate::fetch::{Location, LocationError};

/// Most bytes of a file with keys.
const MAX_KEYRING_BYTES: u64 = 8 << 20;

/// One archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Its root: `http://`, `https://` or `file:/`.
    pub url: String,
    /// Other addresses with the same content, asked when the first cannot be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// Suites or codenames.
    pub suites: Vec<String>,
    /// Components.
    pub components: Vec<String>,
    /// The file with the keys that count: armoured or binary, relative to the home; or the armoured key itself.
    pub signed_by: String,
    /// Architectures; the machine's own when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
    /// Whether `Valid-Until` counts; a snapshot or an ended suite is past it for good.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub check_valid_until: bool,
    /// Whether a Release without a Date, or with one that cannot be read, counts as of the time at which it was signed.
    #[serde(default, skip_serializing_if = "is_no")]
    pub accept_undated: bool,
    /// Other suites or codenames that its Release may say it is of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept_codenames: Vec<String>,
    /// How much its packages are preferred, in place of what its Releases say. Source: apt_preferences(5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Who asks, where the archive wants to know; with one of the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file whose first line is the password, relative to the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A command for the shell that prints the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_command: Option<String>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// An archive, ready to be asked.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its root.
    pub location: Location,
    /// Other places with the same content, asked when the first cannot be reached.
    pub mirrors: Vec<Location>,
    /// Suites or codenames.
    pub suites: Vec<String>,
    /// Components.
    pub components: Vec<String>,
    /// Architectures; the machine's own when empty.
    pub architectures: Vec<String>,
    /// Whether `Valid-Until` counts.
    pub check_valid_until: bool,
    /// Whether a Release without a Date counts as of its signature.
    pub accept_undated: bool,
    /// Other suites or codenames that its Release may say it is of.
    pub accept_codenames: Vec<String>,
    /// How much its packages are preferred, in place of what its Releases say.
    pub priority: Option<i32>,
    /// The keys that may sign, as they stand in their file.
    keys: Vec<u8>,
    /// Their digest.
    keys_sha256: Sha256,
}

/// Why an archive of the configuration cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Its address cannot be used.
    #[error("cannot use the address of source `{url}`")]
    Location {
        /// What stands there.
        url: String,
        /// Why.
        source: LocationError,
    },
    /// What it names as an architecture is not one.
    #[error("source `{url}` has an invalid architecture")]
    Architecture {
        /// Its address.
        url: String,
        /// What is wrong with it.
        source: ArchitectureError,
    },
    /// Its keys cannot be read.
    #[error("cannot read the keys of source `{url}` in `{}`", path.display())]
    ReadKeys {
        /// Its address.
        url: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its keyring has no usable key.
    #[error("the keyring of source `{url}` contains no usable keys")]
    Keys {
        /// Its address.
        url: String,
        /// Why.
        source: KeyringError,
    },
}

impl Source {
    /// Makes an archive of its entry in the configuration.
    ///
    /// # Errors
    /// When its address cannot be used, it names what is no architecture, or its keys cannot be read.
    pub fn open(config: &SourceConfig, home: &Path) -> Result<Self, SourceError> {
        Self::with_keys(config, read_keys(config, home)?)
    }

    /// Makes an archive of an entry whose keys are at hand, in the place of those that it names.
    ///
    /// # Errors
    /// When its address cannot be used, or it names what is no architecture.
    pub fn with_keys(config: &SourceConfig, keys: Vec<u8>) -> Result<Self, SourceError> {
        let location = |text: &String| {
            text.parse().map_err(|source| SourceError::Location {
                url: text.clone(),
                source,
            })
        };
        for name in &config.architectures {
            if let Err(source) = name.parse::<Architecture>() {
                let url = config.url.clone();
                return Err(SourceError::Architecture { url, source });
            }
        }
        let mut digester = Digester::sha256();
        digester.update(&keys);
        Ok(Self {
            location: location(&config.url)?,
            mirrors: config.mirrors.iter().map(location).collect::<Result<_, _>>()?,
            suites: config.suites.clone(),
            components: config.components.clone(),
            architectures: config.architectures.clone(),
            check_valid_until: config.check_valid_until,
            accept_undated: config.accept_undated,
            accept_codenames: config.accept_codenames.clone(),
            priority: config.priority,
            keys_sha256: digester.finish().sha256,
            keys,
        })
    }

    /// Returns who may sign.
    ///
    /// # Errors
    /// When what stands in the file are no keys.
    pub fn keyring(&self) -> Result<Keyring, SourceError> {
        Keyring::read(&self.keys).map_err(|source| SourceError::Keys {
            url: self.location.to_string(),
            source,
        })
    }

    /// Returns what tells these keys from others.
    pub fn keys_sha256(&self) -> &Sha256 {
        &self.keys_sha256
    }

    /// Returns the root and its mirrors, the root first.
    pub fn roots(&self) -> impl Iterator<Item = &Location> {
        std::iter::once(&self.location).chain(&self.mirrors)
    }
}

fn read_keys(config: &SourceConfig, home: &Path) -> Result<Vec<u8>, SourceError> {
    if config.signed_by.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Ok(config.signed_by.clone().into_bytes());
    }
    let path = home.join(&config.signed_by);
    read_bounded(&path).map_err(|source| SourceError::ReadKeys {
        url: config.url.clone(),
        path,
        source,
    })
}

/// Reads a file of keys.
///
/// # Errors
/// When it cannot be read or is larger than any file of keys.
pub fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_KEYRING_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_KEYRING_BYTES {
        return Err(std::io::Error::other("it is larger than 8 MiB"));
    }
    Ok(bytes)
}
