//! Finds the chunks of an index: unchanged ones are taken over, changed ones are cut and compressed again.
//!
//! Called by [`build`](crate::build()). The result is always that of cutting every record: old chunks only spare
//! reading. That holds since a cut depends on nothing but what follows the cut before it on the same level, up to the
//! record that was read when it was decided, [`ChunkEntry::examined`]. While none of those changed, the cut stays.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::thread;

use debian_control::digest::{Digester, Sha256};

use crate::cache::ChunkCache;
use crate::cut::{Cutter, LEVELS};
use crate::error::IndexError;
use crate::manifest::ChunkEntry;
use crate::records::{RecordKey, Records};
use crate::workers::Workers;

/// The level of a sealed chunk, which is part of nothing larger.
const SEALED: usize = LEVELS.len() - 1;

/// What the last build cut, and which records may differ from it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PreviousChunks<'a> {
    /// Its chunks; none when every record is to be read.
    pub chunks: &'a [ChunkEntry],
    /// The places of records that may differ, in order.
    pub dirty: &'a [RecordKey],
}

impl PreviousChunks<'_> {
    /// Says whether a dirty key had or has a say in an old chunk: in what it holds, or in where it ends.
    fn is_affected(&self, at: usize, chunk: &ChunkEntry) -> bool {
        // A key before the first of all chunks is a record that comes to stand in it. One before a later chunk belongs to
        // the chunk before, whose end was decided with a look at that place.
        let first = match at {
            0 => self.dirty.first(),
            _ => self
                .dirty
                .get(self.dirty.partition_point(|key| *key < chunk.first)),
        };
        first.is_some_and(|key| chunk.examined.as_ref().is_none_or(|examined| key <= examined))
    }

    /// Returns the place of the unaffected old chunk that begins with `first` and was cut at `level` or below.
    fn joins(&self, first: &RecordKey, level: usize) -> Option<usize> {
        let at = self
            .chunks
            .binary_search_by(|chunk| chunk.first.cmp(first))
            .ok()?;
        let chunk = self.chunks.get(at)?;
        (chunk.level <= level && !self.is_affected(at, chunk)).then_some(at)
    }
}

/// Cuts the records into chunks and sees that each that changed is in the cache.
///
/// With no old chunks, all records are read; else those of the chunks that a dirty key may have changed.
pub(super) fn chunk(
    cache: &ChunkCache,
    records: &dyn Records,
    previous: PreviousChunks<'_>,
) -> Result<Vec<ChunkEntry>, IndexError> {
    thread::scope(|scope| {
        let workers = Workers::start(scope, cache);
        let chunker = Chunker {
            cache,
            workers: &workers,
            records,
            previous,
            open: LEVELS.map(OpenLevel::new),
            pending: PendingRecords::default(),
            sealed: Vec::new(),
            rest: Vec::new(),
        };
        let chunks = chunker.cut();
        let finished = workers.finish().map_err(IndexError::Chunk);
        chunks.and_then(|chunks| finished.map(|()| chunks))
    })
}

/// Cuts records and gives chunks that the cache lacks to the workers.
struct Chunker<'a, 'scope> {
    cache: &'a ChunkCache,
    workers: &'a Workers<'scope>,
    records: &'a dyn Records,
    previous: PreviousChunks<'a>,
    /// What each level has not cut yet. On the lowest one that is records, whose texts are pending.
    open: [OpenLevel; LEVELS.len()],
    pending: PendingRecords,
    sealed: Vec<Run>,
    /// What the end of the index cut.
    rest: Vec<Run>,
}

/// The items that one level has not cut yet.
struct OpenLevel {
    cutter: Cutter,
    runs: VecDeque<Run>,
}

impl OpenLevel {
    fn new(bounds: crate::cut::ChunkBounds) -> Self {
        Self {
            cutter: Cutter::new(bounds),
            runs: VecDeque::new(),
        }
    }
}

/// Records that stand together, of some level.
struct Run {
    first: RecordKey,
    /// Hash of the name of its first record.
    hash: u64,
    /// Bytes of its text.
    length: u64,
    /// The last record that had a say in where it ends; `None`: the end of the index had.
    examined: Option<RecordKey>,
    text: RunText,
}

enum RunText {
    /// The text, which was read.
    Read(Vec<u8>),
    /// It was not read, and is the chunk of this digest.
    Chunk(Sha256),
    /// It was not read, since it is made of old chunks.
    Unread,
}

/// Records that were read and are not in a run yet.
#[derive(Default)]
struct PendingRecords {
    records: VecDeque<(RecordKey, u64, usize)>,
    text: Vec<u8>,
}

impl PendingRecords {
    /// Makes a run of the oldest records.
    fn take(&mut self, count: usize, examined: Option<&RecordKey>) -> Run {
        let taken: Vec<_> = self.records.drain(..count).collect();
        let length = taken.iter().map(|(.., length)| length).sum();
        let (first, hash, _) = taken
            .into_iter()
            .next()
            .expect("the cutter cuts after one record at least");
        let rest = self.text.split_off(length);
        Run {
            first,
            hash,
            length: length as u64,
            examined: examined.cloned(),
            text: RunText::Read(std::mem::replace(&mut self.text, rest)),
        }
    }
}

impl Chunker<'_, '_> {
    /// Alternates between taking old chunks over and cutting records until the next old chunk that can be taken over.
    fn cut(mut self) -> Result<Vec<ChunkEntry>, IndexError> {
        let old = self.previous.chunks;
        let mut next = 0;
        loop {
            while let Some(chunk) = old.get(next)
                && !self.previous.is_affected(next, chunk)
            {
                self.keep(chunk);
                next += 1;
            }
            if next == old.len() && !old.is_empty() {
                break;
            }
            // The first record may be a new one, before the first of the old chunk.
            let from = old
                .get(next)
                .filter(|_| next > 0)
                .map(|chunk| chunk.first.clone());
            match self.read(from.as_ref())? {
                Some(joined) => next = joined,
                None => break,
            }
        }
        self.finish()
    }

    /// Takes an old chunk over, as what it was.
    fn keep(&mut self, chunk: &ChunkEntry) {
        let run = Run {
            first: chunk.first.clone(),
            hash: chunk.hash,
            length: chunk.length,
            examined: chunk.examined.clone(),
            text: RunText::Chunk(chunk.digest),
        };
        if run.examined.is_none() {
            self.rest.push(run);
        } else {
            self.settle(run, chunk.level);
        }
    }

    /// Cuts the records again, until a cut falls where an old one of its level fell and the chunk after it is unchanged;
    /// returns the place of that chunk, or `None` at the end of the records.
    fn read(&mut self, from: Option<&RecordKey>) -> Result<Option<usize>, IndexError> {
        let mut joined = None;
        let records = self.records;
        records.read(from, &mut |record| {
            let length = record.text.len();
            self.pending
                .records
                .push_back((record.key.clone(), record.hash, length));
            self.pending.text.extend_from_slice(record.text);
            let [lowest, ..] = &mut self.open;
            let Some(count) = lowest.cutter.push(record.hash, length as u64) else {
                return Ok(ControlFlow::Continue(()));
            };
            let piece = self.pending.take(count, Some(record.key));
            let level = self.settle(piece, 0);
            joined = self.join(level);
            Ok(match joined {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            })
        })?;
        if joined.is_none() {
            // No record follows, so what is pending is cut without a further look: one chunk, or two where the last record
            // is larger than a chunk by itself.
            let [lowest, ..] = &mut self.open;
            loop {
                match lowest.cutter.finish() {
                    0 => break,
                    count => self.rest.push(self.pending.take(count, None)),
                }
            }
        }
        Ok(joined)
    }

    /// Puts a run that was cut at `level` into the level above, and what that cuts into the one above it; returns the
    /// highest level that cut.
    fn settle(&mut self, mut run: Run, mut level: usize) -> usize {
        while let Some(above) = self.open.get_mut(level + 1) {
            let count = above.cutter.push(run.hash, run.length);
            let examined = run.examined.clone();
            above.runs.push_back(run);
            let Some(count) = count else { return level };
            run = merge(above.runs.drain(..count), examined);
            level += 1;
        }
        self.seal(run);
        SEALED
    }

    /// Looks for an old chunk that begins where one of the levels up to `level` just cut, and drops what was read beyond.
    fn join(&mut self, level: usize) -> Option<usize> {
        for level in (0..=level).rev() {
            // What follows the cut: the runs that the levels below have cut since, then records.
            let next = self
                .open
                .get(1..=level)
                .and_then(|levels| levels.iter().rev().find_map(|level| level.runs.front()))
                .map(|run| &run.first)
                .or_else(|| self.pending.records.front().map(|(key, ..)| key));
            if let Some(at) = next.and_then(|first| self.previous.joins(first, level)) {
                self.pending = PendingRecords::default();
                for (open, bounds) in self.open.iter_mut().zip(LEVELS).take(level + 1) {
                    *open = OpenLevel::new(bounds);
                }
                return Some(at);
            }
        }
        None
    }

    fn seal(&mut self, mut run: Run) {
        self.compress(&mut run);
        self.sealed.push(run);
    }

    /// Returns the chunks: what is sealed, then what each level has open, and the rest.
    fn finish(mut self) -> Result<Vec<ChunkEntry>, IndexError> {
        let mut runs: Vec<(usize, Run)> = std::mem::take(&mut self.sealed)
            .into_iter()
            .map(|run| (SEALED, run))
            .collect();
        for (below, open) in self.open.iter_mut().enumerate().skip(1).rev() {
            runs.extend(open.runs.drain(..).map(|run| (below - 1, run)));
        }
        runs.extend(std::mem::take(&mut self.rest).into_iter().map(|run| (0, run)));
        runs.into_iter()
            .map(|(level, mut run)| {
                if matches!(run.text, RunText::Unread) {
                    run.text = RunText::Read(self.text_of(&run)?);
                }
                let digest = self.compress(&mut run).expect("its text was read now");
                Ok(ChunkEntry {
                    first: run.first,
                    hash: run.hash,
                    level,
                    examined: run.examined,
                    length: run.length,
                    digest,
                })
            })
            .collect()
    }

    /// Reads the text of a run that is made of old chunks.
    ///
    /// Not while other records are being read: not every catalog can do both at once.
    fn text_of(&self, run: &Run) -> Result<Vec<u8>, IndexError> {
        let mut text = Vec::new();
        self.records.read(Some(&run.first), &mut |record| {
            text.extend_from_slice(record.text);
            Ok(if (text.len() as u64) < run.length {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        if text.len() as u64 == run.length {
            return Ok(text);
        }
        Err(IndexError::Chunk(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the records from {:?} on have {} bytes, and had {}",
                run.first,
                text.len(),
                run.length
            ),
        )))
    }

    /// Gives the text of a run to the workers, where it was read and is not cached; returns its digest where that is known.
    fn compress(&self, run: &mut Run) -> Option<Sha256> {
        match std::mem::replace(&mut run.text, RunText::Unread) {
            RunText::Unread => None,
            RunText::Chunk(digest) => {
                run.text = RunText::Chunk(digest);
                Some(digest)
            }
            RunText::Read(text) => {
                let digest = digest(&text);
                // Most chunks of an index that is cut from nothing are those of its last build.
                if self.cache.open(&digest).is_none() {
                    self.workers.compress(digest, text);
                }
                run.text = RunText::Chunk(digest);
                Some(digest)
            }
        }
    }
}

/// Makes one run of several.
fn merge(runs: impl Iterator<Item = Run>, examined: Option<RecordKey>) -> Run {
    runs.reduce(|mut all, run| {
        all.length += run.length;
        all.text = match (all.text, run.text) {
            (RunText::Read(mut text), RunText::Read(more)) => {
                text.extend(more);
                RunText::Read(text)
            }
            _ => RunText::Unread,
        };
        all
    })
    .map(|run| Run { examined, ..run })
    .expect("the cutter cuts after one run at least")
}

/// Returns the digest of a text.
pub(super) fn digest(text: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(text);
    digester.finish().sha256
}
