//! Taking the chunks of a published index for a cache that lacks them.
//!
//! Called by whoever publishes before a build without a previous one, on a machine whose cache is empty: what another
//! machine compressed is in the files that are served, at the places that the chunk list says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use debian_control::digest::Sha256;
use debian_control::stanza::Stanza;

use crate::cache::ChunkCache;
use crate::chunker::digest;
use crate::compress::CompressedChunk;
use crate::form::Form;
use crate::xz;

/// More bytes than any chunk has: one record that is larger than this is compressed again.
const MAX_LENGTH: u64 = 64 << 20;

/// One chunk, as a chunk list has it.
struct ListedChunk {
    sha256: Sha256,
    length: u64,
    /// Where it is in the file of each form: offset and bytes.
    places: BTreeMap<Form, (u64, u64)>,
}

/// A chunk as it was read: its text, and each compressed form.
struct ReadChunk {
    plain: Vec<u8>,
    packed: BTreeMap<Form, CompressedChunk>,
}

/// Keeps the chunks of a published index that the cache lacks; returns how many those were.
///
/// `list` is the text of its chunk list and `files` has its file of each form; the caller has compared both with the digests
/// they were published under. A list that cannot be read, or files in too few forms, give no chunk: then the records do.
pub fn keep_published(cache: &ChunkCache, list: &str, files: &BTreeMap<Form, PathBuf>) -> io::Result<usize> {
    let Some(chunks) = parse(list) else { return Ok(0) };
    let mut opened = BTreeMap::new();
    for form in cache.forms() {
        let Some(path) = files.get(form) else { return Ok(0) };
        opened.insert(*form, File::open(path)?);
    }
    let mut kept = 0;
    for chunk in &chunks {
        if cache.open(&chunk.sha256).is_some() {
            continue;
        }
        if let Some(read) = chunk.read(&opened)? {
            cache.store(&chunk.sha256, &read.plain, &read.packed)?;
            kept += 1;
        }
    }
    Ok(kept)
}

impl ListedChunk {
    /// Reads the chunk in each form, and its text; `None` where that is not the text that the list names.
    fn read(&self, files: &BTreeMap<Form, File>) -> io::Result<Option<ReadChunk>> {
        let mut packed = BTreeMap::new();
        for (form, file) in files {
            let Some((offset, length)) = self.places.get(form) else {
                return Ok(None);
            };
            let Ok(length) = usize::try_from((*length).min(MAX_LENGTH)) else {
                return Ok(None);
            };
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, *offset)?;
            let padding = match form {
                Form::Xz => xz::padding(&bytes),
                _ => Some(0),
            };
            let Some(padding) = padding else { return Ok(None) };
            packed.insert(*form, CompressedChunk { bytes, padding });
        }
        let plain = [Form::Zstd, Form::Gzip]
            .into_iter()
            .find_map(|form| unpack(form, &packed.get(&form)?.bytes, self.length));
        let plain = plain.filter(|plain| plain.len() as u64 == self.length && digest(plain) == self.sha256);
        Ok(plain.map(|plain| ReadChunk { plain, packed }))
    }
}

/// Unpacks a chunk of at most so many bytes; `None` where it cannot be unpacked.
fn unpack(form: Form, packed: &[u8], length: u64) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    // One byte more than there should be, so that a longer text is told from the right one.
    let most = length.min(MAX_LENGTH) + 1;
    let read = match form {
        Form::Zstd => ::zstd::stream::read::Decoder::new(packed)
            .ok()?
            .take(most)
            .read_to_end(&mut plain),
        Form::Gzip => flate2::read::GzDecoder::new(packed)
            .take(most)
            .read_to_end(&mut plain),
        Form::Plain | Form::Xz => return None,
    };
    read.ok().map(|_| plain)
}

/// Reads a chunk list; `None` where it is not one that this program writes.
fn parse(text: &str) -> Option<Vec<ListedChunk>> {
    let stanza = Stanza::parse(text).ok()?;
    (stanza.line("Format")? == "1").then_some(())?;
    let forms: Vec<Form> = words(stanza.line("Forms")?)?;
    let mut starts: Vec<u64> = words(stanza.line("Starts")?)?;
    (starts.len() == forms.len()).then_some(())?;
    let mut chunks = Vec::new();
    for line in stanza.get("Chunks")?.continuation() {
        let mut fields = line.split_ascii_whitespace();
        let sha256 = fields.next()?.parse().ok()?;
        let length = fields.next()?.parse().ok()?;
        let mut places = BTreeMap::new();
        for (form, start) in forms.iter().zip(&mut starts) {
            let packed: u64 = fields.next()?.parse().ok()?;
            places.insert(*form, (*start, packed));
            *start = start.checked_add(packed)?;
        }
        chunks.push(ListedChunk {
            sha256,
            length,
            places,
        });
    }
    Some(chunks)
}

fn words<T: std::str::FromStr>(line: &str) -> Option<Vec<T>> {
    line.split_ascii_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use archive_storage::staging::Staging;

    use super::*;
    use crate::chunk_list::chunk_list;
    use crate::manifest::{ChunkEntry, IndexManifest};
    use crate::{join, records::RecordKey};

    #[test]
    fn a_cache_that_is_filled_from_published_files_has_the_chunks_that_were_compressed() {
        let texts: Vec<Vec<u8>> = (0..5_u8)
            .map(|at| {
                format!(
                    "Package: p{at}\nText: {}\n\n",
                    "word ".repeat(40 * usize::from(at))
                )
                .into_bytes()
            })
            .collect();
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let mut files = BTreeMap::new();
        let entries = texts.iter().map(|text| ChunkEntry {
            first: RecordKey::default(),
            examined: None,
            length: text.len() as u64,
            digest: digest(text),
            pieces: Vec::new(),
        });
        let mut manifest = IndexManifest::new(String::new(), entries.collect());
        for form in Form::COMPRESSED {
            let mut bytes = join::head(form);
            for text in &texts {
                let packed = form.compress(text).unwrap().bytes;
                manifest.packed.entry(form).or_default().push(packed.len() as u64);
                bytes.extend(packed);
            }
            let path = root.path().join(format!("Packages{}", form.extension()));
            std::fs::write(&path, bytes).unwrap();
            files.insert(form, path);
        }
        let list = chunk_list(&manifest, "Packages");
        let cache = ChunkCache::new(root.path(), &staging, &Form::COMPRESSED);
        assert_eq!(keep_published(&cache, &list, &files).unwrap(), 5);
        for text in &texts {
            let cached = cache.open(&digest(text)).unwrap();
            let mut found = Vec::new();
            for form in Form::COMPRESSED {
                let compressed = form.compress(text).unwrap();
                assert!(cached.read(form, &mut found));
                assert_eq!(found, compressed.bytes, "{form:?}");
                assert_eq!(cached.header().padding(form), compressed.padding, "{form:?}");
            }
        }
        // They are there now.
        assert_eq!(keep_published(&cache, &list, &files).unwrap(), 0);
    }

    #[test]
    fn files_that_are_not_those_of_the_list_give_no_chunk() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let cache = ChunkCache::new(root.path(), &staging, &[Form::Gzip]);
        let path = root.path().join("Packages.gz");
        let packed = Form::Gzip.compress(b"other").unwrap().bytes;
        std::fs::write(&path, &packed).unwrap();
        let files = BTreeMap::from([(Form::Gzip, path)]);
        let list = format!(
            "Format: 1\nIndex: Packages\nForms: gz\nStarts: 0\nChunks:\n {} 5 {}\n",
            digest(b"text\n"),
            packed.len()
        );
        assert_eq!(keep_published(&cache, &list, &files).unwrap(), 0);
        assert_eq!(keep_published(&cache, "Format: 2\n", &files).unwrap(), 0);
        let beyond = list.replace(&format!(" {}\n", packed.len()), " 9999\n");
        assert!(keep_published(&cache, &beyond, &files).is_err());
    }
}
