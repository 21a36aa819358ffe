//! Which chunks made an index, and the states of the hashes between them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use debian_control::digest::Sha256;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};

use super::compress::Form;
use super::records::{Key, from_hex, to_hex};
use archive_storage::staging::Staging;

/// Raised whenever a manifest says other things, or its index is cut at other places.
const FORMAT: u32 = 2;

/// What the next build of an index may build on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Digest of the settings that the records were rendered under.
    pub settings: String,
    /// The chunks, in order.
    pub(super) chunks: Vec<Chunk>,
    /// Bytes of each chunk in each compressed form.
    pub(super) packed: BTreeMap<Form, Vec<u64>>,
    /// The states of the hashes before each chunk, and after the last.
    pub(super) states: Vec<States>,
    /// What came out.
    pub outputs: Outputs,
}

/// One chunk of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// Its first record.
    pub first: Key,
    /// The last record that had a say in where it ends; `None`: the end of the index had.
    pub examined: Option<Key>,
    /// Bytes of its text.
    pub length: u64,
    /// Digest of its text.
    #[serde(with = "hex_digest")]
    pub digest: Sha256,
}

/// Digest and size of a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Digest.
    #[serde(with = "hex_digest")]
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
}

/// Digest and size of every form of an index.
pub(super) type Outputs = BTreeMap<Form, Output>;

/// A SHA-256 that has not seen all of its input, and how much it has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    hash: sha2::Sha256,
    size: u64,
}

impl Running {
    /// Takes more input.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// Returns digest and size.
    pub(super) fn finish(self) -> Output {
        Output {
            sha256: Sha256::from_bytes(self.hash.finalize().into()),
            size: self.size,
        }
    }
}

impl PartialEq for Running {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.hash.serialize() == other.hash.serialize()
    }
}

impl Eq for Running {}

impl Serialize for Running {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.size, to_hex(&self.hash.serialize())).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Running {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (size, text) = <(u64, String)>::deserialize(deserializer)?;
        let state = || {
            let bytes = from_hex(&text)?;
            let state = SerializedState::<sha2::Sha256>::try_from(bytes.as_slice()).ok()?;
            sha2::Sha256::deserialize(&state).ok()
        };
        let hash = state().ok_or_else(|| serde::de::Error::custom("expected the state of a hash"))?;
        Ok(Self { hash, size })
    }
}

/// The hashes of all forms at one place between two chunks.
pub(super) type States = BTreeMap<Form, Running>;

impl Manifest {
    /// Makes the manifest of these chunks, made under these settings; the rest is for the joining to say.
    pub(super) fn new(settings: String, chunks: Vec<Chunk>) -> Self {
        Self {
            format: FORMAT,
            settings,
            chunks,
            packed: BTreeMap::new(),
            states: Vec::new(),
            outputs: Outputs::new(),
        }
    }

    /// Reads a manifest; `None` when there is none, or none that can be used.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let (digest, text) = bytes.split_at_checked(64)?;
        if to_hex(&sha2::Sha256::digest(text)).as_bytes() != digest {
            return None;
        }
        let manifest: Self = serde_json::from_slice(text).ok()?;
        let whole = manifest.states.len() == manifest.chunks.len() + 1
            && manifest
                .packed
                .values()
                .all(|lengths| lengths.len() == manifest.chunks.len());
        (manifest.format == FORMAT && whole).then_some(manifest)
    }

    /// Writes the manifest, after its own digest.
    pub fn write(&self, path: &Path, staging: &Staging) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let file = tempfile::NamedTempFile::new_in(staging.folder())?;
        let digest = to_hex(&sha2::Sha256::digest(&text)).into_bytes();
        std::fs::write(file.path(), [digest, text].concat())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Returns the digests of its chunks.
    pub fn chunks(&self) -> impl Iterator<Item = &Sha256> {
        self.chunks.iter().map(|chunk| &chunk.digest)
    }
}

mod hex_digest {
    use debian_control::digest::Sha256;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sha256, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
