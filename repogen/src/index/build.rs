//! Building an index from its records and from what is left of the last build.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::thread;

use debian_formats::digest::{Digester, Sha256};

use super::cache::{CachedChunk, ChunkCache};
use super::compress::Form;
use super::cut::{Bounds, Cutter};
use super::join::{self, Lengths};
use super::manifest::{Chunk, Manifest, Output, Outputs, Running, States};
use super::records::{Key, Records};
use super::workers::Workers;
use crate::catalog::CatalogError;
use crate::staging::{StagedPath, Staging, StagingError};

/// Chunks of half a MiB and a quarter around it.
///
/// Measured on the 50 MB index of bookworm main: larger chunks compress better and take longer to compress anew.
const BOUNDS: Bounds = Bounds {
    least: 384 * 1024,
    most: 640 * 1024,
};

/// Why an index cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The catalog does not give the records.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
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
    let old = previous
        .map(|manifest| manifest.chunks.as_slice())
        .unwrap_or_default();
    let chunks = match dirty {
        Dirty::Keys(keys) if previous.is_some() => chunk(workshop.cache, records, old, keys)?,
        _ => chunk(workshop.cache, records, &[], &[])?,
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
            let chunks = chunk(workshop.cache, records, &[], &[])?;
            assemble(workshop, &chunks, None, settings)?.map_err(|Broken| {
                IndexError::Chunk(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it reads back other than it was written",
                ))
            })
        }
    }
}

/// Cuts the records into chunks and sees that each is in the cache.
///
/// With no old chunks, all records are read; else those of the chunks that a dirty key may have changed.
fn chunk(
    cache: &ChunkCache,
    records: &dyn Records,
    old: &[Chunk],
    dirty: &[Key],
) -> Result<Vec<Chunk>, IndexError> {
    thread::scope(|scope| {
        let workers = Workers::start(scope, cache);
        let mut maker = Maker {
            cache,
            workers: &workers,
            chunks: Vec::new(),
        };
        let made = maker.make(records, old, dirty);
        let chunks = maker.chunks;
        let finished = workers.finish().map_err(IndexError::Chunk);
        made.and(finished).map(|()| chunks)
    })
}

struct Maker<'a, 'scope> {
    cache: &'a ChunkCache,
    workers: &'a Workers<'scope>,
    chunks: Vec<Chunk>,
}

/// Records that were read and are not in a chunk yet.
#[derive(Default)]
struct Open {
    records: VecDeque<(Key, usize)>,
    text: Vec<u8>,
}

impl Maker<'_, '_> {
    fn make(&mut self, records: &dyn Records, old: &[Chunk], dirty: &[Key]) -> Result<(), IndexError> {
        let mut next = 0;
        loop {
            let start = match (old.get(next), self.first_affected(old, next, dirty)) {
                (None, _) if !old.is_empty() => return Ok(()),
                (_, None) if !old.is_empty() => {
                    self.chunks.extend_from_slice(old.get(next..).unwrap_or_default());
                    return Ok(());
                }
                (_, start) => start.unwrap_or(0),
            };
            self.chunks
                .extend_from_slice(old.get(next..start).unwrap_or_default());
            match self.cut_from(records, old, start, dirty)? {
                Some(at) => next = at,
                None => return Ok(()),
            }
        }
    }

    /// Returns the first old chunk from `from` on that a dirty key had or has a say in.
    fn first_affected(&self, old: &[Chunk], from: usize, dirty: &[Key]) -> Option<usize> {
        let first = old.get(from)?;
        // Keys before it belong to chunks that were cut anew already.
        let key = match from {
            0 => dirty.first()?,
            _ => dirty.get(dirty.partition_point(|key| *key < first.first))?,
        };
        let at = old
            .iter()
            .skip(from)
            .position(|chunk| chunk.examined.as_ref().is_none_or(|examined| examined >= key))?;
        Some(from + at)
    }

    /// Cuts anew from the old chunk `start` on, until a cut falls where an old one fell and what follows is as it
    /// was; returns the old chunk that follows, or `None` at the end of the records.
    fn cut_from(
        &mut self,
        records: &dyn Records,
        old: &[Chunk],
        start: usize,
        dirty: &[Key],
    ) -> Result<Option<usize>, IndexError> {
        let from = if start == 0 {
            None
        } else {
            old.get(start).map(|chunk| chunk.first.clone())
        };
        let mut cutter = Cutter::new(BOUNDS);
        let mut open = Open::default();
        let mut joined = None;
        records.read(from.as_ref(), &mut |record| {
            open.records.push_back((record.key.clone(), record.text.len()));
            open.text.extend_from_slice(record.text);
            let Some(count) = cutter.push(record.hash, record.text.len() as u64) else {
                return Ok(ControlFlow::Continue(()));
            };
            self.close(&mut open, count, Some(record.key));
            let Some((next, _)) = open.records.front() else {
                return Ok(ControlFlow::Continue(()));
            };
            if let Ok(at) = old.binary_search_by(|chunk| chunk.first.cmp(next))
                && at > start
                && self
                    .first_affected(old, at, dirty)
                    .is_none_or(|affected| affected > at)
            {
                joined = Some(at);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if joined.is_none() {
            loop {
                match cutter.finish() {
                    0 => break,
                    count => self.close(&mut open, count, None),
                }
            }
        }
        Ok(joined)
    }

    /// Makes a chunk of the oldest open records.
    fn close(&mut self, open: &mut Open, count: usize, examined: Option<&Key>) {
        let length: usize = open.records.iter().take(count).map(|(_, length)| length).sum();
        let Some((first, _)) = open.records.front().cloned() else {
            return;
        };
        open.records.drain(..count.min(open.records.len()));
        let rest = open.text.split_off(length.min(open.text.len()));
        let text = std::mem::replace(&mut open.text, rest);
        let digest = digest(&text);
        self.chunks.push(Chunk {
            first,
            examined: examined.cloned(),
            length: length as u64,
            digest,
        });
        if self.cache.open(&digest).is_none() {
            self.workers.compress(digest, text);
        }
    }
}

fn digest(text: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(text);
    digester.finish().sha256
}

/// A cached chunk did not read back as it was stored.
struct Broken;

/// Joins chunks to the forms of an index.
fn assemble(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    previous: Option<&Manifest>,
    settings: &str,
) -> Result<Result<Built, Broken>, IndexError> {
    let same = previous.map_or(0, |manifest| {
        manifest
            .chunks
            .iter()
            .zip(chunks)
            .take_while(|(old, new)| old.digest == new.digest)
            .count()
    });
    let known = previous
        .filter(|_| same > 0)
        .and_then(|manifest| manifest.states.get(..=same));
    let mut states = known.map(<[_]>::to_vec).unwrap_or_default();
    let start = Start {
        chunks: if known.is_some() { same } else { 0 },
        states: states.pop().unwrap_or_default(),
    };
    states.resize(chunks.len() + 1, States::default());

    let mut outputs = Outputs::new();
    let mut files = Vec::new();
    for joined in join_forms(workshop, chunks, &start) {
        let Ok(joined) = joined? else {
            forget_broken(workshop.cache, chunks);
            return Ok(Err(Broken));
        };
        outputs.insert(joined.form, joined.output);
        for (slot, state) in states.iter_mut().skip(start.chunks).zip(joined.states) {
            slot.insert(joined.form, state);
        }
        files.extend(joined.file.map(|(path, file)| (joined.form, path, file)));
    }
    let manifest = Manifest::new(settings.to_owned(), chunks.to_vec(), states, outputs);
    Ok(Ok(Built { manifest, files }))
}

/// Joins every form, on two threads.
fn join_forms(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    start: &Start,
) -> Vec<Result<Result<Joined, Broken>, IndexError>> {
    let forms: Vec<Form> = [Form::Plain]
        .iter()
        .chain(workshop.cache.forms())
        .copied()
        .collect();
    let (near, far) = forms.split_at(forms.len() / 2);
    let join = |forms: &[Form]| -> Vec<_> {
        forms
            .iter()
            .map(|form| join_form(workshop, chunks, start, *form))
            .collect()
    };
    thread::scope(|scope| {
        let side = scope.spawn(|| join(far));
        let mut joined = join(near);
        joined.extend(side.join().unwrap_or_else(|_| {
            vec![Err(IndexError::Chunk(io::Error::other(
                "a joining thread stopped",
            )))]
        }));
        joined
    })
}

/// Where hashing starts: after so many chunks, with these states.
struct Start {
    chunks: usize,
    states: States,
}

/// One form of an index, joined.
struct Joined {
    form: Form,
    output: Output,
    /// The states of its hash before each chunk from the start on, and after the last.
    states: Vec<Running>,
    file: Option<(StagedPath, File)>,
}

/// Joins the chunks of one form; of the plain text, only the digest is made.
fn join_form(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    start: &Start,
    form: Form,
) -> Result<Result<Joined, Broken>, IndexError> {
    let mut running = start.states.get(&form).cloned().unwrap_or_default();
    let mut states = Vec::with_capacity(chunks.len() + 1 - start.chunks);
    let mut lengths = Vec::with_capacity(chunks.len());
    let mut buffer = Vec::new();
    let mut file = if form == Form::Plain {
        None
    } else {
        Some(workshop.staging.create()?)
    };
    let mut write = |bytes: &[u8]| match &mut file {
        Some((path, file)) => file.write_all(bytes).map_err(|source| StagingError {
            action: "write",
            path: path.as_path().to_owned(),
            source,
        }),
        None => Ok(()),
    };
    let head = join::head(form);
    write(&head)?;
    if start.chunks == 0 {
        running.update(&head);
    }
    for (at, chunk) in chunks.iter().enumerate() {
        let hashed = at >= start.chunks;
        if hashed {
            states.push(running.clone());
        } else if form == Form::Plain {
            continue;
        }
        let Some(cached) = workshop.cache.open(&chunk.digest) else {
            return Ok(Err(Broken));
        };
        if !cached.read(form, &mut buffer) {
            return Ok(Err(Broken));
        }
        lengths.push(lengths_of(&cached, form));
        write(&buffer)?;
        if hashed {
            running.update(&buffer);
        }
    }
    states.push(running.clone());
    let tail = join::tail(form, lengths.into_iter()).map_err(IndexError::Chunk)?;
    write(&tail)?;
    running.update(&tail);
    Ok(Ok(Joined {
        form,
        output: running.finish(),
        states,
        file,
    }))
}

fn lengths_of(chunk: &CachedChunk, form: Form) -> Lengths {
    let header = chunk.header();
    Lengths {
        plain: header.length(Form::Plain),
        packed: header.length(form),
        padding: header.padding(form),
    }
}

/// Deletes every chunk that does not read back, so that it is made anew.
fn forget_broken(cache: &ChunkCache, chunks: &[Chunk]) {
    let mut buffer = Vec::new();
    for chunk in chunks {
        let whole = cache.open(&chunk.digest).is_some_and(|cached| {
            cached.header().length(Form::Plain) == chunk.length
                && Form::ALL.into_iter().all(|form| cached.read(form, &mut buffer))
        });
        if !whole {
            cache.forget(&chunk.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

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
            let cache = ChunkCache::new(root.path(), &[Form::Gzip]);
            let staging = Staging::new(root.path()).unwrap();
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
        manifest.write(&path).unwrap();
        assert_eq!(Manifest::read(&path), Some(manifest));
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(Manifest::read(&path), None);
    }
}
