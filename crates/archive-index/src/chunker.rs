//! Finds the chunks of an index: unchanged ones are taken over, changed ones are cut and compressed again.
//!
//! Called by [`build`](crate::build()). The result is always that of cutting every record: old chunks only spare
//! reading. That holds since a cut depends on nothing but the records from the cut before it up to the one that was
//! read when it was decided, [`ChunkEntry::examined`]. While none of those changed, the cut stays.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::thread;

use debian_control::digest::{Digester, Sha256};

use crate::cache::ChunkCache;
use crate::cut::{ChunkBounds, Cutter};
use crate::error::IndexError;
use crate::manifest::ChunkEntry;
use crate::records::{RecordKey, Records};
use crate::workers::Workers;

/// Cuts the records into chunks and sees that each is in the cache.
///
/// With no old chunks, all records are read; else those of the chunks that a dirty key may have changed.
pub(super) fn chunk(
    cache: &ChunkCache,
    records: &dyn Records,
    bounds: ChunkBounds,
    previous: PreviousChunks<'_>,
) -> Result<Vec<ChunkEntry>, IndexError> {
    thread::scope(|scope| {
        let workers = Workers::start(scope, cache);
        let mut chunker = Chunker {
            cache,
            bounds,
            workers: &workers,
            chunks: Vec::new(),
        };
        let cut = chunker.cut(records, previous.chunks, previous.dirty);
        let chunks = chunker.chunks;
        let finished = workers.finish().map_err(IndexError::Chunk);
        cut.and(finished).map(|()| chunks)
    })
}

/// What the last build cut, and which records may differ from it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PreviousChunks<'a> {
    /// Its chunks, cut within the same bounds; none when every record is to be read.
    pub chunks: &'a [ChunkEntry],
    /// The places of records that may differ, in order.
    pub dirty: &'a [RecordKey],
}

/// Cuts records and gives chunks that the cache lacks to the workers.
struct Chunker<'a, 'scope> {
    cache: &'a ChunkCache,
    bounds: ChunkBounds,
    workers: &'a Workers<'scope>,
    chunks: Vec<ChunkEntry>,
}

/// Records that were read and are not in a chunk yet.
#[derive(Default)]
struct PendingRecords {
    records: VecDeque<(RecordKey, usize)>,
    text: Vec<u8>,
}

impl Chunker<'_, '_> {
    /// Alternates between taking old chunks over and cutting records until the next old chunk that can be taken over.
    fn cut(
        &mut self,
        records: &dyn Records,
        old: &[ChunkEntry],
        dirty: &[RecordKey],
    ) -> Result<(), IndexError> {
        if old.is_empty() {
            self.cut_from(records, old, 0, dirty)?;
            return Ok(());
        }
        let mut rest = old;
        loop {
            // Counted from the front of all old chunks, which `cut_from` needs for the key to read from.
            let next = old.len() - rest.len();
            let Some(start) = self.first_affected(old, next, dirty) else {
                self.chunks.extend_from_slice(rest);
                return Ok(());
            };
            let (unchanged, _) = rest.split_at(start - next);
            self.chunks.extend_from_slice(unchanged);
            match self.cut_from(records, old, start, dirty)? {
                Some(at) => {
                    rest = old
                        .get(at..)
                        .expect("`cut_from` returns the place of an old chunk")
                }
                None => return Ok(()),
            }
        }
    }

    /// Returns the first old chunk from `from` on that a dirty key had or has a say in.
    fn first_affected(&self, old: &[ChunkEntry], from: usize, dirty: &[RecordKey]) -> Option<usize> {
        let first = old.get(from)?;
        // The first dirty key that can matter from here on. One before the first of all chunks is a record that comes to
        // stand in it. One before a later chunk belongs to chunks that were cut again already.
        let key = match from {
            0 => dirty.first()?,
            _ => dirty.get(dirty.partition_point(|key| *key < first.first))?,
        };
        // Keys rise from chunk to chunk, and so does what was examined: the first chunk whose end was decided with a look
        // at this key, or at one after it, is the first that may end elsewhere now. The last chunk ends with the index,
        // so every key has a say in it.
        let at = old
            .iter()
            .skip(from)
            .position(|chunk| chunk.examined.as_ref().is_none_or(|examined| examined >= key))?;
        Some(from + at)
    }

    /// Cuts the records again from the old chunk `start` on, until a cut falls where an old one fell and the chunk after
    /// it is unchanged; returns the place of that chunk, or `None` at the end of the records.
    fn cut_from(
        &mut self,
        records: &dyn Records,
        old: &[ChunkEntry],
        start: usize,
        dirty: &[RecordKey],
    ) -> Result<Option<usize>, IndexError> {
        // The first record may be a new one, before the first of the old chunk.
        let from = if start == 0 {
            None
        } else {
            old.get(start).map(|chunk| chunk.first.clone())
        };
        let mut cutter = Cutter::new(self.bounds);
        let mut pending = PendingRecords::default();
        let mut joined = None;
        records.read(from.as_ref(), &mut |record| {
            pending.records.push_back((record.key.clone(), record.text.len()));
            pending.text.extend_from_slice(record.text);
            let Some(count) = cutter.push(record.hash, record.text.len() as u64) else {
                return Ok(ControlFlow::Continue(()));
            };
            self.close(&mut pending, count, Some(record.key));
            let Some((next, _)) = pending.records.front() else {
                return Ok(ControlFlow::Continue(()));
            };
            // The cut is an old one if an old chunk begins with the next record, and from it on a cutter decides as the
            // last time. Where that chunk is itself affected, going on spares reading its records twice.
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
            // No record follows, so what is pending is cut without a further look: one chunk, or two where the last record
            // is larger than a chunk by itself.
            loop {
                match cutter.finish() {
                    0 => break,
                    count => self.close(&mut pending, count, None),
                }
            }
        }
        Ok(joined)
    }

    /// Makes a chunk of the oldest pending records.
    fn close(&mut self, pending: &mut PendingRecords, count: usize, examined: Option<&RecordKey>) {
        let closed: Vec<(RecordKey, usize)> = pending.records.drain(..count).collect();
        let length = closed.iter().map(|(_, length)| length).sum();
        let (first, _) = closed
            .into_iter()
            .next()
            .expect("the cutter cuts after one record at least");
        let rest = pending.text.split_off(length);
        let text = std::mem::replace(&mut pending.text, rest);
        let digest = digest(&text);
        self.chunks.push(ChunkEntry {
            first,
            examined: examined.cloned(),
            length: length as u64,
            digest,
        });
        // Most chunks of an index that is cut from nothing are those of its last build.
        if self.cache.open(&digest).is_none() {
            self.workers.compress(digest, text);
        }
    }
}

/// Returns the digest of a text.
pub(super) fn digest(text: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(text);
    digester.finish().sha256
}
