//! Building an index from its records and from what is left of the last build.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use super::assemble::{Broken, assemble};
use super::cache::ChunkCache;
use super::chunks::{Known, chunk};
use super::compress::Form;
use super::cut::Bounds;
use super::manifest::{Chunk, Manifest};
use super::records::{Key, Records};
use archive_storage::staging::{StagedPath, Staging, StagingError};

/// Why an index cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// What holds the records does not give them.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// Staged files or cached chunks cannot be written.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// A chunk cannot be compressed or kept.
    #[error("cannot keep a compressed part of an index")]
    Chunk(#[source] io::Error),
    /// A record is not what it should be.
    #[error("cannot make an index: {0}")]
    Record(String),
}

impl IndexError {
    /// Wraps the error of what holds the records.
    pub fn source(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Source(Box::new(error))
    }
}

/// Which records may differ from the last build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dirty {
    /// Any of them.
    All,
    /// Those at these places, in order; a place may have lost its record.
    Keys(Vec<Key>),
}

/// An index that was built.
#[derive(Debug)]
pub struct Built {
    /// What the next build may build on, and digests and sizes of all forms.
    pub manifest: Manifest,
    /// The staged files; none when they are those of the last build.
    pub files: Vec<(Form, StagedPath, File)>,
}

/// Where an index is built.
#[derive(Debug, Clone, Copy)]
pub struct Workshop<'a> {
    /// Compressed chunks.
    pub cache: &'a ChunkCache,
    /// Where its files are written.
    pub staging: &'a Staging,
}

/// Builds an index in all its forms.
///
/// `previous` is the manifest of a build of the same index under the same settings, whose records, but for `dirty`
/// ones, were the same.
pub fn build(
    workshop: Workshop<'_>,
    records: &dyn Records,
    previous: Option<&Manifest>,
    dirty: &Dirty,
    settings: &str,
) -> Result<Built, IndexError> {
    let (bounds, chunks) = match previous {
        Some(manifest) => cut(workshop.cache, records, manifest, dirty)?,
        None => cut_all(workshop.cache, records, Bounds::of(measure(records)?))?,
    };
    if let Some(manifest) = previous
        && manifest.chunks == chunks
    {
        return Ok(Built {
            manifest: manifest.clone(),
            files: Vec::new(),
        });
    }
    match assemble(workshop, &chunks, previous, settings)? {
        Ok(built) => Ok(built),
        // What is broken was forgotten; reading every record again makes it anew.
        Err(Broken) => {
            let (_, chunks) = cut_all(workshop.cache, records, bounds)?;
            assemble(workshop, &chunks, None, settings)?.map_err(|Broken| {
                IndexError::Chunk(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it reads back other than it was written",
                ))
            })
        }
    }
}

/// Cuts what changed since `manifest`, or everything where that gave an index of another size class.
fn cut(
    cache: &ChunkCache,
    records: &dyn Records,
    manifest: &Manifest,
    dirty: &Dirty,
) -> Result<(Bounds, Vec<Chunk>), IndexError> {
    let bounds = Bounds::of(length(&manifest.chunks));
    let Dirty::Keys(keys) = dirty else {
        return cut_all(cache, records, bounds);
    };
    let known = Known {
        chunks: &manifest.chunks,
        dirty: keys,
    };
    let chunks = chunk(cache, records, bounds, known)?;
    let right = Bounds::of(length(&chunks));
    if right == bounds {
        return Ok((bounds, chunks));
    }
    cut_all(cache, records, right)
}

/// Cuts every record; `guess` is what their length is expected to ask for.
fn cut_all(
    cache: &ChunkCache,
    records: &dyn Records,
    guess: Bounds,
) -> Result<(Bounds, Vec<Chunk>), IndexError> {
    let chunks = chunk(cache, records, guess, Known::default())?;
    let right = Bounds::of(length(&chunks));
    if right == guess {
        return Ok((guess, chunks));
    }
    Ok((right, chunk(cache, records, right, Known::default())?))
}

/// Returns the bytes of text in chunks.
fn length(chunks: &[Chunk]) -> u64 {
    chunks.iter().map(|chunk| chunk.length).sum()
}

/// Returns the bytes of text in all records.
fn measure(records: &dyn Records) -> Result<u64, IndexError> {
    let mut length = 0;
    records.read(None, &mut |record| {
        length += record.text.len() as u64;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use super::super::chunks::digest;
    use super::super::cut;
    use super::super::records::{Record, Visit};
    use super::*;

    /// Records in memory.
    struct Listed(BTreeMap<Key, String>);

    impl Records for Listed {
        fn read(&self, from: Option<&Key>, visit: &mut Visit<'_>) -> Result<(), IndexError> {
            let start = from.cloned().unwrap_or_default();
            for (key, text) in self.0.range(start..) {
                if visit(Record {
                    key,
                    hash: cut::hash(&key.0),
                    text: text.as_bytes(),
                })?
                .is_break()
                {
                    break;
                }
            }
            Ok(())
        }
    }

    struct Bench {
        root: tempfile::TempDir,
        cache: ChunkCache,
        staging: Staging,
    }

    impl Bench {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let staging = Staging::new(root.path()).unwrap();
            let cache = ChunkCache::new(root.path(), &staging, &[Form::Gzip]);
            Self { root, cache, staging }
        }

        fn build(&self, records: &Listed, previous: Option<&Manifest>, dirty: &Dirty) -> Built {
            let workshop = Workshop {
                cache: &self.cache,
                staging: &self.staging,
            };
            build(workshop, records, previous, dirty, "settings").unwrap()
        }
    }

    fn key(number: u64) -> Key {
        Key(format!("package-{number:06}").into_bytes())
    }

    /// About a thousand bytes that do not repeat.
    fn text(number: u64, edition: u64) -> String {
        let line = |at: u64| {
            format!(
                "{:016x}",
                cut::hash(&[number.to_le_bytes(), edition.to_le_bytes(), at.to_le_bytes()].concat())
            )
        };
        (0..50 + number % 20).map(line).collect::<Vec<_>>().join("\n") + "\n\n"
    }

    fn listed(count: u64) -> Listed {
        Listed(
            (0..count)
                .map(|number| (key(number * 10), text(number, 0)))
                .collect(),
        )
    }

    #[test]
    fn a_build_on_the_last_one_gives_the_bytes_of_a_build_from_nothing() {
        let bench = Bench::new();
        let mut records = listed(4_000);
        let mut manifest = bench.build(&records, None, &Dirty::All).manifest;
        assert!(manifest.chunks.len() > 6, "{}", manifest.chunks.len());
        for round in 0..60_u64 {
            let mut dirty = std::collections::BTreeSet::new();
            for edit in 0..1 + round % 4 {
                let number = cut::hash(&[round.to_le_bytes(), edit.to_le_bytes()].concat()) % 40_000;
                // The ends are where chunks are special.
                let number = match round % 10 {
                    0 => 0,
                    1 => 39_990 + edit,
                    _ => number,
                };
                dirty.insert(key(number));
                if edit == 0 && records.0.contains_key(&key(number)) && round % 3 == 0 {
                    records.0.remove(&key(number));
                } else {
                    records.0.insert(key(number), text(number, round + 1));
                }
            }
            let built = bench.build(
                &records,
                Some(&manifest),
                &Dirty::Keys(dirty.into_iter().collect()),
            );
            let anew = bench.build(&records, None, &Dirty::All);
            assert_eq!(built.manifest.chunks, anew.manifest.chunks, "round {round}");
            assert_eq!(built.manifest.outputs, anew.manifest.outputs, "round {round}");
            assert_eq!(built.manifest, anew.manifest, "round {round}");
            manifest = built.manifest;
        }
    }

    #[test]
    fn an_index_that_grows_into_another_size_class_is_cut_as_one_built_from_nothing() {
        let bench = Bench::new();
        let mut records = listed(11_500);
        let before = bench.build(&records, None, &Dirty::All).manifest;
        let small = Bounds::of(length(&before.chunks));
        let more: Vec<Key> = (0..1_000).map(|at| key(at * 10 + 5)).collect();
        for (at, key) in more.iter().enumerate() {
            records.0.insert(key.clone(), text(at as u64, 1));
        }
        let grown = bench
            .build(&records, Some(&before), &Dirty::Keys(more.clone()))
            .manifest;
        assert_ne!(Bounds::of(length(&grown.chunks)), small);
        assert_eq!(grown, bench.build(&records, None, &Dirty::All).manifest);

        records.0.retain(|key, _| !more.contains(key));
        let shrunk = bench.build(&records, Some(&grown), &Dirty::Keys(more)).manifest;
        assert_eq!(shrunk, before);
    }

    #[test]
    fn the_joined_file_is_what_the_outputs_say() {
        let bench = Bench::new();
        let records = listed(1_500);
        let built = bench.build(&records, None, &Dirty::All);
        let (_, path, _) = &built.files[0];
        let packed = std::fs::read(path.as_path()).unwrap();
        assert_eq!(digest(&packed), built.manifest.outputs[&Form::Gzip].sha256);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(packed.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(digest(&plain), built.manifest.outputs[&Form::Plain].sha256);
        assert_eq!(
            plain,
            records
                .0
                .values()
                .map(String::as_str)
                .collect::<String>()
                .into_bytes()
        );
    }

    #[test]
    fn broken_and_missing_chunks_are_made_anew() {
        let bench = Bench::new();
        let mut records = listed(3_000);
        let first = bench.build(&records, None, &Dirty::All);
        let chunks: Vec<_> = walkdir::WalkDir::new(bench.root.path().join("state/chunks"))
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut bytes = std::fs::read(chunk.path()).unwrap();
            match at % 3 {
                0 => std::fs::remove_file(chunk.path()).unwrap(),
                1 => std::fs::write(chunk.path(), &bytes[..bytes.len() / 2]).unwrap(),
                _ => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    std::fs::write(chunk.path(), bytes).unwrap();
                }
            }
        }
        records.0.insert(key(5), text(5, 1));
        let built = bench.build(&records, Some(&first.manifest), &Dirty::Keys(vec![key(5)]));
        let anew = Bench::new().build(&records, None, &Dirty::All);
        assert_eq!(built.manifest, anew.manifest);
    }

    #[test]
    fn nothing_changed_makes_no_files() {
        let bench = Bench::new();
        let records = listed(100);
        let first = bench.build(&records, None, &Dirty::All);
        let again = bench.build(&records, Some(&first.manifest), &Dirty::Keys(Vec::new()));
        assert!(again.files.is_empty());
        assert_eq!(again.manifest, first.manifest);
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_not_when_it_was_changed() {
        let bench = Bench::new();
        let manifest = bench.build(&listed(900), None, &Dirty::All).manifest;
        let path = bench.root.path().join("manifest.json");
        manifest.write(&path, &bench.staging).unwrap();
        assert_eq!(Manifest::read(&path), Some(manifest));
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(Manifest::read(&path), None);
    }
}
