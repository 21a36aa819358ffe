//! Where the served files of an archive, and copies of them, lie: a folder here; `bucket-storage` adds buckets of object stores.
//!
//! Callers name files by their path below the root, as clients do (`dists/stable/InRelease`), and say whether a path stands for
//! one content for ever. How a store tells caches so, and how it makes a name last, is its own business. Every store keeps what
//! `conformance` asks.

mod folder;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use debian_control::digest::{Digester, Sha256};

pub use folder::{Folder, is_alias};

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
    /// Whether the store may do it when it is asked again later: it did not answer, said that it is busy, or let nobody in.
    pub is_away: bool,
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

/// What is known of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHead {
    /// Bytes.
    pub size: u64,
    /// When it was written, in Unix seconds.
    pub modified: i64,
    /// What another content under this name would not have; `None` where the store has no such thing.
    pub tag: Option<String>,
    /// The same for stores that count the contents of a name.
    pub version: Option<String>,
}

/// A file that is being read.
pub struct OpenFile {
    /// What is known of all of it.
    pub head: FileHead,
    /// Its bytes, or those of the part that was asked for.
    pub content: Box<dyn Read + Send>,
}

/// What came of giving a file a name that no other file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutNew {
    /// It has the name.
    Written,
    /// A file with the same bytes had it already.
    Same,
    /// A file with other bytes has it.
    Other,
}

/// A file of this machine that goes into a store, and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct LocalFile<'a> {
    /// Where it lies. In the store of a folder it is on the same file system.
    pub path: &'a Path,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
}

/// A place for the files of an archive.
///
/// A reader sees a whole file or what was there before. What a folder answered lasts from the next [`FileStore::settle`] on, what
/// an object store answered lasts at once.
pub trait FileStore: Send + Sync {
    /// Returns how people name it: a path or a URL, without credentials.
    fn address(&self) -> &str;

    /// Returns the folder of this machine that it is; `None` where each look at a file is a request.
    fn folder(&self) -> Option<&Path>;

    /// Returns a whole small file; `None` when there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read_with_head(path)?.map(|(bytes, _)| bytes))
    }

    /// Returns a whole small file with what tells it from a later one.
    fn read_with_head(&self, path: &str) -> Result<Option<(Vec<u8>, FileHead)>, StoreError>;

    /// Opens a file, or the part of it at `range`, which must begin within it.
    fn open(&self, path: &str, range: Option<Range<u64>>) -> Result<Option<OpenFile>, StoreError>;

    /// Returns what is known of a file; `None` when there is none.
    fn head(&self, path: &str) -> Result<Option<FileHead>, StoreError>;

    /// Gives a file a name that stands for these bytes for ever; never replaces another.
    fn put_new(&self, path: &str, file: &LocalFile<'_>) -> Result<PutNew, StoreError>;

    /// The same with the bytes of a file that the store has already.
    fn copy_new(&self, from: &str, to: &str, sha256: &Sha256) -> Result<PutNew, StoreError>;

    /// Gives a file a name in place of the one that has it. In a folder its old name is gone then.
    fn replace(&self, path: &str, file: &LocalFile<'_>) -> Result<(), StoreError>;

    /// The same where what has the name is still `before`; says whether it was.
    ///
    /// A folder does not compare: those who write there hold a lock.
    fn replace_if(
        &self,
        path: &str,
        file: &LocalFile<'_>,
        before: Option<&FileHead>,
    ) -> Result<bool, StoreError>;

    /// Gives the bytes of one file another name, in place of the file that has it, to be cached as long.
    fn copy(&self, from: &str, to: &str) -> Result<(), StoreError>;

    /// Writes a file of `size` bytes from a reader.
    fn write(
        &self,
        path: &str,
        content: &mut (dyn Read + Send),
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError>;

    /// Makes the names in these folders and in those above them last, before anything that refers to them is written; a folder may
    /// be gone.
    fn settle(&self, folders: &mut dyn Iterator<Item = &str>) -> Result<(), StoreError>;

    /// Makes the folder `alias` lead to the folder `name` beside it, where the store has links; says whether it has.
    fn link_folder(&self, alias: &str, name: &str) -> Result<bool, StoreError>;

    /// Returns the links in a folder and where they lead; none where the store has none.
    fn links(&self, folder: &str) -> Result<Vec<(String, String)>, StoreError>;

    /// Returns all files below a folder; links are not followed.
    fn list(&self, folder: &str) -> Result<BTreeMap<String, FileHead>, StoreError>;

    /// Returns what lies below a folder and is neither a file nor a folder: links, pipes, devices. A store may have none of it.
    fn irregular_files(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Returns the names of the files in a folder, without those in folders below it.
    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Returns the names of the folders in a folder, without links.
    fn folders(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Deletes a file or a link, with the folders that it leaves empty, but for those at the top; one that is not there is no error.
    fn delete(&self, path: &str) -> Result<(), StoreError>;

    /// Deletes many files likewise, in any order: of a bucket, many with each request.
    fn delete_all(&self, paths: &[String]) -> Result<(), StoreError> {
        paths.iter().try_for_each(|path| self.delete(path))
    }

    /// Deletes a staged file that nobody will finish, with what it stands for: parts of an upload that ended.
    fn give_up(&self, path: &str) -> Result<(), StoreError> {
        self.delete(path)
    }
}

/// Returns the folder of a path: empty at the top.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Deletes all files below a folder, those first from which clients begin.
pub fn delete_folder(store: &dyn FileStore, folder: &str) -> Result<(), StoreError> {
    let mut paths: Vec<String> = store.list(folder)?.into_keys().collect();
    paths.sort_by_key(|path| Reverse(Turn::of(path)));
    paths
        .chunk_by(|one, next| Turn::of(one) == Turn::of(next))
        .try_for_each(|turn| store.delete_all(turn))
}

/// When a file is written among those of an archive, so that each finds what it names there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It stands for one content for ever: a file of the pool, or one below by-hash.
    Immutable,
    /// An index under its name, or what nothing else names.
    Name,
    /// A Release that is signed elsewhere, or the signature.
    Release,
    /// The file at which clients begin.
    InRelease,
}

impl Turn {
    /// Returns the turn of a path.
    pub fn of(path: &str) -> Self {
        match path.rsplit('/').next() {
            Some("InRelease") => Self::InRelease,
            Some("Release" | "Release.gpg") => Self::Release,
            _ if path.starts_with("pool/") || path.contains("/by-hash/") || path.contains("/pool/") => {
                Self::Immutable
            }
            _ => Self::Name,
        }
    }
}

/// Reads a file to its end and returns digest and size; `None` when there is none.
pub fn digest(store: &dyn FileStore, path: &str) -> Result<Option<(Sha256, u64)>, StoreError> {
    let Some(mut file) = store.open(path, None)? else {
        return Ok(None);
    };
    let mut digester = Digester::sha256();
    std::io::copy(&mut file.content, &mut digester).map_err(|source| StoreError {
        action: "read",
        path: path.to_owned(),
        store: store.address().to_owned(),
        is_away: store.folder().is_none(),
        source: Box::new(source),
    })?;
    let digests = digester.finish();
    Ok(Some((digests.sha256, digests.size)))
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
        ("InRelease" | "Release", _) | (_, Some("sources" | "txt")) => "text/plain",
        (_, Some("html")) => "text/html; charset=utf-8",
        (_, Some("css")) => "text/css; charset=utf-8",
        (_, Some("js")) => "text/javascript; charset=utf-8",
        (_, Some("svg")) => "image/svg+xml",
        (_, Some("xml")) => "application/xml",
        (_, Some("deb" | "udeb")) => "application/vnd.debian.binary-package",
        (_, Some("json")) => "application/json",
        (_, Some("asc")) => "application/pgp-keys",
        (_, Some("gpg")) => "application/pgp-signature",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
