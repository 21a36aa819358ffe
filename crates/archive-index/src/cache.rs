//! Compressed chunks, kept under the digest of their text in `state/chunks/`.
//!
//! Read and written by a build of this crate alone, and pruned by age elsewhere. It saves time and nothing depends on
//! it: what is missing, truncated, changed or of another version counts as absent, and no such chunk is handed out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;

use crate::compress::CompressedChunk;
use crate::form::Form;
use archive_storage::STATE;
use archive_storage::staging::Staging;

/// Raised whenever chunks come out in other bytes: with other settings of a compressor, or another layout here.
const FORMAT: &str = "5";
const MAGIC: [u8; 8] = *b"repochnk";
const PARTS: usize = Form::ALL.len();
/// Magic, four lengths, four CRCs, padding of the xz block, CRC of all this.
const HEADER: usize = 8 + 8 * PARTS + 4 * PARTS + 1 + 4;

/// The chunks of an archive.
#[derive(Debug)]
pub struct ChunkCache {
    folder: PathBuf,
    /// Where a chunk is written before it gets its name.
    staging: PathBuf,
    forms: Vec<Form>,
}

/// What a cached chunk holds, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHeader {
    /// Bytes of the plain text, then of its gzip, xz and zstd forms.
    lengths: [u64; PARTS],
    crcs: [u32; PARTS],
    /// How many bytes of the xz form are padding.
    padding: u8,
}

impl ChunkHeader {
    /// Returns the bytes of a form.
    pub fn length(&self, form: Form) -> u64 {
        *self
            .lengths
            .get(form as usize)
            .expect("a header has a length for every form")
    }

    /// Returns how many bytes of the xz form are padding.
    pub fn padding(&self, form: Form) -> u8 {
        if form == Form::Xz { self.padding } else { 0 }
    }

    fn offset(&self, form: Form) -> u64 {
        HEADER as u64 + self.lengths.iter().take(form as usize).sum::<u64>()
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.lengths.iter().flat_map(|length| length.to_le_bytes()));
        bytes.extend(self.crcs.iter().flat_map(|crc| crc.to_le_bytes()));
        bytes.push(self.padding);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER]) -> Option<Self> {
        let (checked, crc) = bytes.split_last_chunk::<4>()?;
        let (magic, rest) = checked.split_first_chunk::<8>()?;
        if *magic != MAGIC || crc32fast::hash(checked).to_le_bytes() != *crc {
            return None;
        }
        let (lengths, rest) = rest.split_at_checked(8 * PARTS)?;
        let (crcs, padding) = rest.split_at_checked(4 * PARTS)?;
        let mut header = Self {
            lengths: [0; PARTS],
            crcs: [0; PARTS],
            padding: *padding.first()?,
        };
        for (length, bytes) in header.lengths.iter_mut().zip(lengths.as_chunks::<8>().0) {
            *length = u64::from_le_bytes(*bytes);
        }
        for (crc, bytes) in header.crcs.iter_mut().zip(crcs.as_chunks::<4>().0) {
            *crc = u32::from_le_bytes(*bytes);
        }
        Some(header)
    }
}

impl ChunkCache {
    /// Uses the chunks of the archive at `root` that are kept in these compressed forms.
    pub fn new(root: &Path, staging: &Staging, forms: &[Form]) -> Self {
        let kind: Vec<&str> = forms
            .iter()
            .map(|form| form.extension().trim_start_matches('.'))
            .collect();
        Self {
            folder: root
                .join(STATE)
                .join("chunks")
                .join(format!("{FORMAT}-{}", kind.join("-"))),
            staging: staging.folder().to_owned(),
            forms: forms.to_vec(),
        }
    }

    /// Returns the compressed forms that its chunks have.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// Opens a chunk; `None` when there is none that can be used.
    pub fn open(&self, digest: &Sha256) -> Option<CachedChunk> {
        let mut file = File::open(self.path(digest)).ok()?;
        let mut bytes = [0; HEADER];
        file.read_exact(&mut bytes).ok()?;
        let header = ChunkHeader::from_bytes(&bytes)?;
        let whole = header
            .lengths
            .iter()
            .try_fold(HEADER as u64, |sum, length| sum.checked_add(*length));
        let found = file.metadata().ok()?.len();
        (whole == Some(found)).then_some(CachedChunk { file, header })
    }

    /// Keeps a chunk.
    pub fn store(
        &self,
        digest: &Sha256,
        plain: &[u8],
        packed: &BTreeMap<Form, CompressedChunk>,
    ) -> io::Result<()> {
        let parts = Form::ALL.map(|form| match form {
            Form::Plain => plain,
            // A form that this cache does not keep is stored as no bytes.
            _ => packed
                .get(&form)
                .map_or(&[][..], |packed| packed.bytes.as_slice()),
        });
        let header = ChunkHeader {
            lengths: parts.map(|part| part.len() as u64),
            crcs: parts.map(crc32fast::hash),
            padding: packed.get(&Form::Xz).map_or(0, |packed| packed.padding),
        };
        let path = self.path(digest);
        let folder = path.parent().expect("a chunk lies in a folder of the cache");
        std::fs::create_dir_all(folder)?;
        // Renamed into place, so that whoever reads it finds all of it; what a crash leaves of it, the CRCs tell.
        let mut file = tempfile::NamedTempFile::new_in(&self.staging)?;
        file.write_all(&header.to_bytes())?;
        for part in parts {
            file.write_all(part)?;
        }
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Deletes a chunk. Where that fails, the next build finds it damaged again.
    pub fn forget(&self, digest: &Sha256) {
        let _ = std::fs::remove_file(self.path(digest));
    }

    fn path(&self, digest: &Sha256) -> PathBuf {
        let name = digest.to_string();
        self.folder
            .join(name.get(..2).expect("a digest has 64 digits"))
            .join(name)
    }
}

/// An open chunk.
#[derive(Debug)]
pub struct CachedChunk {
    file: File,
    header: ChunkHeader,
}

impl CachedChunk {
    /// Returns what it holds.
    pub fn header(&self) -> &ChunkHeader {
        &self.header
    }

    /// Reads a form into `buffer`; says whether it is what was stored.
    pub fn read(&self, form: Form, buffer: &mut Vec<u8>) -> bool {
        // Opening compared these lengths with that of the file.
        let Ok(length) = usize::try_from(self.header.length(form)) else {
            return false;
        };
        buffer.resize(length, 0);
        self.file.read_exact_at(buffer, self.header.offset(form)).is_ok()
            && self.header.crcs.get(form as usize) == Some(&crc32fast::hash(buffer))
    }
}

#[cfg(test)]
mod tests {
    use debian_control::digest::Digester;

    use super::*;

    #[test]
    fn a_changed_or_cut_chunk_counts_as_not_there() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let cache = ChunkCache::new(root.path(), &staging, &[Form::Gzip, Form::Xz, Form::Zstd]);
        let plain = b"Package: a\n\n";
        let mut digester = Digester::sha256();
        digester.update(plain);
        let digest = digester.finish().sha256;
        let compressed = cache
            .forms()
            .iter()
            .map(|form| (*form, form.compress(plain).unwrap()))
            .collect();
        let good = |cache: &ChunkCache| {
            cache.open(&digest).is_some_and(|chunk| {
                Form::ALL
                    .into_iter()
                    .all(|form| chunk.read(form, &mut Vec::new()))
            })
        };
        assert!(!good(&cache));
        cache.store(&digest, plain, &compressed).unwrap();
        assert!(good(&cache));

        let whole = std::fs::read(cache.path(&digest)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            std::fs::write(cache.path(&digest), &changed).unwrap();
            assert!(!good(&cache), "byte {at}");
            std::fs::write(cache.path(&digest), &whole[..at]).unwrap();
            assert!(!good(&cache), "cut at {at}");
        }
    }
}
