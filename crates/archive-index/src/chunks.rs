//! The chunks of an index: what is as it was stays, what changed is cut anew and compressed.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::thread;

use debian_control::digest::{Digester, Sha256};

use super::build::IndexError;
use super::cache::ChunkCache;
use super::cut::{Bounds, Cutter};
use super::manifest::Chunk;
use super::records::{Key, Records};
use super::workers::Workers;

/// Cuts the records into chunks and sees that each is in the cache.
///
/// With no old chunks, all records are read; else those of the chunks that a dirty key may have changed.
pub(super) fn chunk(
    cache: &ChunkCache,
    records: &dyn Records,
    bounds: Bounds,
    known: Known<'_>,
) -> Result<Vec<Chunk>, IndexError> {
    thread::scope(|scope| {
        let workers = Workers::start(scope, cache);
        let mut maker = Maker {
            cache,
            bounds,
            workers: &workers,
            chunks: Vec::new(),
        };
        let made = maker.make(records, known.chunks, known.dirty);
        let chunks = maker.chunks;
        let finished = workers.finish().map_err(IndexError::Chunk);
        made.and(finished).map(|()| chunks)
    })
}

/// What the last build cut, and which records may differ from it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'a> {
    /// Its chunks, cut within the same bounds; none when every record is to be read.
    pub chunks: &'a [Chunk],
    /// The places of records that may differ, in order.
    pub dirty: &'a [Key],
}

struct Maker<'a, 'scope> {
    cache: &'a ChunkCache,
    bounds: Bounds,
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
        let mut cutter = Cutter::new(self.bounds);
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

/// Returns the digest of a text.
pub(super) fn digest(text: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(text);
    digester.finish().sha256
}
