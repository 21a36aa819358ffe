//! Which chunks made an index, and the states of the hashes between them.
//!
//! Written and read by publishing, and read by pruning. It is derived data: where one is missing, damaged or of another
//! format, the index is built from its records. Pruning must not take it that lightly: chunks that a manifest cannot be
//! read for may be in use.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};

use crate::form::Form;
use crate::records::RecordKey;
use crate::xz::ChunkLengths;
use archive_storage::staging::Staging;

/// Raised whenever a manifest says other things, or its index is cut at other places.
const FORMAT: u32 = 5;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("no manifest at `{0}`")]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the index manifest `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file does not contain what was written to it.
    #[error("the index manifest `{0}` is damaged: its content does not match its digest")]
    Damaged(PathBuf),
    /// Another version of this program wrote it.
    #[error("the index manifest `{path}` has format {found}, not {FORMAT}")]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// The format it says it has.
        found: u32,
    },
}

/// The one field that a manifest of every format has.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

/// What the next build of an index may build on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexManifest {
    format: u32,
    /// Digest of the settings that the records were rendered under.
    pub settings: String,
    /// The chunks, in order.
    pub(super) chunks: Vec<ChunkEntry>,
    /// Bytes of each chunk in each compressed form.
    pub(super) packed: BTreeMap<Form, Vec<u64>>,
    /// How many of the bytes of each chunk's xz form are padding, which the index at its end does not count.
    pub(super) padding: Vec<u8>,
    /// The states of the hashes before each chunk, and after the last.
    pub(super) states: Vec<HashStates>,
    /// What came out.
    pub outputs: Outputs,
}

/// One chunk of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChunkEntry {
    /// Its first record.
    pub first: RecordKey,
    /// The last record that had a say in where it ends, or its last piece; `None`: the end of the index had.
    pub examined: Option<RecordKey>,
    /// Bytes of its text.
    pub length: u64,
    /// Digest of its text.
    #[serde(with = "hex_digest")]
    pub digest: Sha256,
    /// The pieces that it is made of; none of a sealed chunk, which is never cut again.
    pub pieces: Vec<PieceEntry>,
}

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkKind {
    /// It stays as it is while its records do.
    Sealed,
    /// What comes after it may make it part of a larger one.
    Open,
}

impl ChunkEntry {
    /// Says what it is.
    pub(super) fn kind(&self) -> ChunkKind {
        if self.pieces.is_empty() {
            ChunkKind::Sealed
        } else {
            ChunkKind::Open
        }
    }

    /// Makes a sealed chunk of it.
    pub(super) fn sealed(self, examined: Option<RecordKey>) -> Self {
        Self {
            examined,
            pieces: Vec::new(),
            ..self
        }
    }
}

/// The least that is compressed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PieceEntry {
    /// Its first record.
    pub first: RecordKey,
    /// Hash of the name of its first record, which decides whether something larger is cut before it.
    pub hash: u64,
    /// Bytes of its text.
    pub length: u64,
    /// The last record that had a say in where it ends; `None`: the end of the index had.
    pub examined: Option<RecordKey>,
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
pub(super) struct HashState {
    hash: sha2::Sha256,
    size: u64,
}

impl HashState {
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

impl PartialEq for HashState {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.hash.serialize() == other.hash.serialize()
    }
}

impl Eq for HashState {}

impl Serialize for HashState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.size, hex::encode(self.hash.serialize())).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HashState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (size, text) = <(u64, String)>::deserialize(deserializer)?;
        let state = || {
            let bytes = hex::decode(&text).ok()?;
            let state = SerializedState::<sha2::Sha256>::try_from(bytes.as_slice()).ok()?;
            sha2::Sha256::deserialize(&state).ok()
        };
        let hash = state().ok_or_else(|| serde::de::Error::custom("expected the state of a hash"))?;
        Ok(Self { hash, size })
    }
}

/// The hashes of all forms at one place between two chunks.
pub(super) type HashStates = BTreeMap<Form, HashState>;

impl IndexManifest {
    /// Makes the manifest of these chunks, made under these settings; the rest is for the joining to say.
    pub(super) fn new(settings: String, chunks: Vec<ChunkEntry>) -> Self {
        Self {
            format: FORMAT,
            settings,
            chunks,
            packed: BTreeMap::new(),
            padding: Vec::new(),
            states: Vec::new(),
            outputs: Outputs::new(),
        }
    }

    /// Reads a manifest and checks it against the digest that precedes it.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ManifestError::Missing(path.to_owned()),
            _ => ManifestError::Read {
                path: path.to_owned(),
                source,
            },
        })?;
        Self::parse(&bytes, path)
    }

    /// Parses the bytes of a manifest; `path` is named in errors.
    ///
    /// # Errors
    /// When the digest is another, the format is another, or its lists do not fit together.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ManifestError> {
        let damaged = || ManifestError::Damaged(path.to_owned());
        let (digest, text) = bytes.split_at_checked(64).ok_or_else(damaged)?;
        if hex::encode(sha2::Sha256::digest(text)).as_bytes() != digest {
            return Err(damaged());
        }
        let FormatOnly { format } = serde_json::from_slice(text).map_err(|_| damaged())?;
        if format != FORMAT {
            return Err(ManifestError::OtherFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        let manifest: Self = serde_json::from_slice(text).map_err(|_| damaged())?;
        // Every list has an entry for each chunk, and joining relies on it: the states are those between the chunks.
        let whole = manifest.states.len() == manifest.chunks.len() + 1
            && manifest.padding.len() == manifest.chunks.len()
            && manifest
                .packed
                .values()
                .all(|lengths| lengths.len() == manifest.chunks.len());
        if whole { Ok(manifest) } else { Err(damaged()) }
    }

    /// Writes the manifest, after its own digest.
    pub fn write(&self, path: &Path, staging: &Staging) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let folder = path.parent().expect("a manifest lies in a folder");
        std::fs::create_dir_all(folder)?;
        let file = tempfile::NamedTempFile::new_in(staging.folder())?;
        let digest = hex::encode(sha2::Sha256::digest(&text)).into_bytes();
        std::fs::write(file.path(), [digest, text].concat())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Returns the lengths of its first `count` chunks in a form; `None` where it says nothing of that form.
    pub(super) fn lengths(&self, form: Form, count: usize) -> Option<Vec<ChunkLengths>> {
        let chunks = self.chunks.iter().zip(&self.padding).take(count);
        if form == Form::Plain {
            let plain = |(chunk, _): (&ChunkEntry, _)| ChunkLengths {
                plain: chunk.length,
                packed: chunk.length,
                padding: 0,
            };
            return Some(chunks.map(plain).collect());
        }
        let packed = self.packed.get(&form)?;
        let lengths = chunks.zip(packed).map(|((chunk, padding), packed)| ChunkLengths {
            plain: chunk.length,
            packed: *packed,
            padding: if form == Form::Xz { *padding } else { 0 },
        });
        Some(lengths.collect())
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
