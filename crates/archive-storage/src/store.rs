//! Where served files can be put: a folder, or a bucket of an object store.
//!
//! Callers name files by their path below the root, as clients do (`dists/stable/InRelease`), and say whether a path stands for
//! one content for ever. How a bucket tells caches so, and how a folder makes a name last, is known here only.

mod bucket;
mod folder;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;

pub use bucket::Bucket;
pub use folder::Folder;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}` in `{store}`")]
pub struct StoreError {
    /// What was being done.
    pub action: &'static str,
    /// The path below the root of the store.
    pub path: String,
    /// The store.
    pub store: String,
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Whether a path stands for one content for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It does: files of the pool, and those below by-hash.
    Immutable,
    /// Another content may take its place.
    Replaceable,
}

/// A place for served files.
pub trait FileStore: Send + Sync {
    /// Returns a whole small file; `None` when there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a file of `size` bytes. A reader sees all of it, or what was there before.
    fn write(
        &self,
        path: &str,
        content: &mut dyn Read,
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError>;

    /// Makes all that was written last, before anything that refers to it is written.
    fn settle(&self) -> Result<(), StoreError>;

    /// Makes the folder `alias` lead to the folder `name` beside it, where the store has links; says whether it has.
    fn link_folder(&self, alias: &str, name: &str) -> Result<bool, StoreError>;

    /// Returns all files below a folder and their sizes in bytes.
    fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, StoreError>;

    /// Deletes a file; one that is not there is no error.
    fn delete(&self, path: &str) -> Result<(), StoreError>;
}

/// A text that names no store.
#[derive(Debug, thiserror::Error)]
pub enum StoreUrlError {
    /// It is neither a path nor the URL of an object store.
    #[error(
        "`{0}` names no store: expected a path, `s3://BUCKET[/PREFIX]`, `gs://BUCKET[/PREFIX]` or `az://CONTAINER[/PREFIX]`"
    )]
    Unknown(String),
    /// The object store cannot be used as the environment says.
    #[error("the object store `{url}` cannot be used")]
    Setting {
        /// The URL.
        url: String,
        /// What is missing or wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gives no thread for requests.
    #[error("cannot start what sends requests to `{url}`")]
    Runtime {
        /// The URL.
        url: String,
        /// The cause.
        source: io::Error,
    },
}

/// Opens the store of a URL; `variables` are those of the environment, for credentials and endpoints (`AWS_*`, `GOOGLE_*`,
/// `AZURE_*`).
pub fn open(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Box<dyn FileStore>, StoreUrlError> {
    let Some((scheme, _)) = url.split_once("://") else {
        return match url {
            "" => Err(StoreUrlError::Unknown(String::new())),
            path => Ok(Box::new(Folder::new(PathBuf::from(path)))),
        };
    };
    match scheme {
        "file" => Ok(Box::new(Folder::new(PathBuf::from(
            url.strip_prefix("file://").unwrap_or(url),
        )))),
        "s3" | "gs" | "az" => Ok(Box::new(Bucket::open(url, variables)?)),
        _ => Err(StoreUrlError::Unknown(url.escape_debug().to_string())),
    }
}

/// Says whether a file is one of those that clients ask for again and again.
fn is_release(path: &str) -> bool {
    matches!(
        path.rsplit('/').next(),
        Some("InRelease" | "Release" | "Release.gpg")
    )
}

/// How long caches may keep a file, as `nginx/archive.conf` says it.
fn cache_control(path: &str, lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Immutable => "public, max-age=31536000, immutable",
        Lifetime::Replaceable if is_release(path) => "public, max-age=0, must-revalidate",
        Lifetime::Replaceable => "public, max-age=60, must-revalidate",
    }
}

/// The media type of a file, as `nginx/archive.conf` says it.
fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match (name, name.rsplit_once('.').map(|(_, ending)| ending)) {
        ("InRelease" | "Release", _) | (_, Some("sources")) => "text/plain",
        (_, Some("deb" | "udeb")) => "application/vnd.debian.binary-package",
        (_, Some("json")) => "application/json",
        (_, Some("asc")) => "application/pgp-keys",
        (_, Some("gpg")) => "application/pgp-signature",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
