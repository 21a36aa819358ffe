//! Where copies of served files can be put: a folder here; `bucket-storage` adds buckets of object stores.
//!
//! Callers name files by their path below the root, as clients do (`dists/stable/InRelease`), and say whether a path stands for
//! one content for ever. How a store tells caches so, and how it makes a name last, is its own business.

mod folder;

use std::collections::BTreeMap;
use std::io::Read;

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

/// Says whether a file is one of those that clients ask for again and again.
pub fn is_release(path: &str) -> bool {
    matches!(
        path.rsplit('/').next(),
        Some("InRelease" | "Release" | "Release.gpg")
    )
}

/// How long caches may keep a file, as `nginx/archive.conf` says it.
pub fn cache_control(path: &str, lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Immutable => "public, max-age=31536000, immutable",
        Lifetime::Replaceable if is_release(path) => "public, max-age=0, must-revalidate",
        Lifetime::Replaceable => "public, max-age=60, must-revalidate",
    }
}

/// The media type of a file, as `nginx/archive.conf` says it.
pub fn content_type(path: &str) -> &'static str {
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
