//! Finds the chunks of an index: unchanged ones are taken over, changed ones are cut and compressed again.
//!
//! Called by [`build`](crate::build()). The result is always that of cutting every record: old chunks only spare
//! reading. That holds since a cut depends on nothing but what follows the cut before it of the same kind, up to the
//! record that was read when it was decided, [`ChunkEntry::examined`]. While none of those changed, the cut stays.
//! Groups are cut anew each time, from the pieces after the last sealed chunk.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::thread;

use debian_control::digest::{Digester, Sha256};

use crate::cache::ChunkCache;
use crate::cut::{Cutter, GROUP, PIECE, SEALED};
use crate::error::IndexError;
use crate::manifest::{ChunkEntry, ChunkKind, PieceEntry};
use crate::records::{RecordKey, Records};
use crate::workers::Workers;

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

    /// Returns the place of the unaffected old chunk of this kind that begins with `first`.
    fn joins(&self, first: &RecordKey, kind: ChunkKind) -> Option<usize> {
        let at = self
            .chunks
            .binary_search_by(|chunk| chunk.first.cmp(first))
            .ok()?;
        let chunk = self.chunks.get(at)?;
        (chunk.kind() == kind && !self.is_affected(at, chunk)).then_some(at)
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
            pieces: Cutter::new(PIECE),
            pending: PendingRecords::default(),
            sealing: Cutter::new(SEALED),
            open: VecDeque::new(),
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
    /// Where the next piece ends, and the records that it is made of.
    pieces: Cutter,
    pending: PendingRecords,
    /// Where the next sealed chunk ends, and the pieces that it is made of.
    sealing: Cutter,
    open: VecDeque<Piece>,
    sealed: Vec<Sealed>,
    /// What the end of the index cut.
    rest: Vec<Piece>,
}

/// The least that is compressed by itself.
struct Piece {
    place: PieceEntry,
    text: PieceText,
}

/// A sealed chunk.
enum Sealed {
    Made(ChunkEntry),
    /// Its text was not read as a whole: it is made when no records are being read.
    Unread {
        pieces: Vec<Piece>,
        /// The last record that had a say in where it ends.
        examined: Option<RecordKey>,
    },
}

enum PieceText {
    /// It was read.
    Read(Vec<u8>),
    /// It was not read: the piece is in the old chunk of this number.
    Kept(usize),
}

/// Records that were read and are not in a run yet.
#[derive(Default)]
struct PendingRecords {
    records: VecDeque<(RecordKey, u64, usize)>,
    text: Vec<u8>,
}

impl PendingRecords {
    /// Makes a piece of the oldest records.
    fn take(&mut self, count: usize, examined: Option<&RecordKey>) -> Piece {
        let taken: Vec<_> = self.records.drain(..count).collect();
        let length = taken.iter().map(|(.., length)| length).sum();
        let (first, hash, _) = taken
            .into_iter()
            .next()
            .expect("the cutter cuts after one record at least");
        let rest = self.text.split_off(length);
        Piece {
            place: PieceEntry {
                first,
                hash,
                length: length as u64,
                examined: examined.cloned(),
            },
            text: PieceText::Read(std::mem::replace(&mut self.text, rest)),
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
                self.keep(next, chunk);
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

    /// Takes an old chunk over: a sealed one as it is, of others the pieces.
    fn keep(&mut self, at: usize, chunk: &ChunkEntry) {
        if chunk.kind() == ChunkKind::Sealed {
            self.sealed.push(Sealed::Made(chunk.clone()));
            return;
        }
        for place in &chunk.pieces {
            let piece = Piece {
                place: place.clone(),
                text: PieceText::Kept(at),
            };
            if place.examined.is_none() {
                self.rest.push(piece);
            } else {
                self.settle(piece);
            }
        }
    }

    /// Cuts the records again, until a cut falls where an old one of its kind fell and the chunk after it is unchanged;
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
            for count in self.pieces.push(record.hash, length as u64) {
                let piece = self.pending.take(count, Some(record.key));
                let cut = self.settle(piece);
                joined = self.join(cut);
                if joined.is_some() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if joined.is_none() {
            // No record follows, so what is pending is cut without a further look.
            let pieces = std::mem::replace(&mut self.pieces, Cutter::new(PIECE));
            match pieces.finish() {
                0 => {}
                count => self.rest.push(self.pending.take(count, None)),
            }
        }
        Ok(joined)
    }

    /// Puts a piece after the last sealed chunk, and seals what is whole now; returns which kind of cut that made.
    fn settle(&mut self, piece: Piece) -> ChunkKind {
        let examined = piece.place.examined.clone();
        let counts = self.sealing.push(piece.place.hash, piece.place.length);
        self.open.push_back(piece);
        for count in &counts {
            let pieces = self.open.drain(..*count).collect();
            let examined = examined.clone();
            self.sealed.push(match self.chunk_of(pieces) {
                Ok(chunk) => Sealed::Made(chunk.sealed(examined)),
                Err(pieces) => Sealed::Unread { pieces, examined },
            });
        }
        if counts.is_empty() {
            ChunkKind::Open
        } else {
            ChunkKind::Sealed
        }
    }

    /// Looks for an old chunk that begins where the last cut fell, and drops what was read beyond.
    fn join(&mut self, cut: ChunkKind) -> Option<usize> {
        let pending = self.pending.records.front().map(|(key, ..)| key);
        if cut == ChunkKind::Sealed {
            let after = self.open.front().map(|piece| &piece.place.first).or(pending);
            if let Some(at) = after.and_then(|first| self.previous.joins(first, ChunkKind::Sealed)) {
                self.open.clear();
                self.sealing = Cutter::new(SEALED);
                self.drop_pending();
                return Some(at);
            }
        }
        let at = pending.and_then(|first| self.previous.joins(first, ChunkKind::Open))?;
        self.drop_pending();
        Some(at)
    }

    fn drop_pending(&mut self) {
        self.pending = PendingRecords::default();
        self.pieces = Cutter::new(PIECE);
    }

    /// Returns the chunks: what is sealed, then groups of what is open, then the pieces that fill no group, and the rest.
    fn finish(mut self) -> Result<Vec<ChunkEntry>, IndexError> {
        let mut chunks = Vec::new();
        for sealed in std::mem::take(&mut self.sealed) {
            chunks.push(match sealed {
                Sealed::Made(chunk) => chunk,
                Sealed::Unread { pieces, examined } => self.chunk_read_anew(pieces)?.sealed(examined),
            });
        }
        let mut grouping = Cutter::new(GROUP);
        let mut open = VecDeque::new();
        for piece in std::mem::take(&mut self.open) {
            let counts = grouping.push(piece.place.hash, piece.place.length);
            open.push_back(piece);
            for count in counts {
                chunks.push(self.chunk_read_anew(open.drain(..count).collect())?);
            }
        }
        for piece in open.into_iter().chain(std::mem::take(&mut self.rest)) {
            chunks.push(self.chunk_read_anew(vec![piece])?);
        }
        Ok(chunks)
    }

    /// Makes one chunk of pieces that stand together; gives them back where some of their text was not read.
    fn chunk_of(&self, pieces: Vec<Piece>) -> Result<ChunkEntry, Vec<Piece>> {
        let digest = self.kept(&pieces).or_else(|| Some(self.compress(text(&pieces)?)));
        match digest {
            Some(digest) => Ok(entry(pieces, digest)),
            None => Err(pieces),
        }
    }

    /// Makes one chunk of pieces that stand together, whose text is read again where it has to be.
    ///
    /// Not while other records are being read: not every catalog can do both at once.
    fn chunk_read_anew(&self, pieces: Vec<Piece>) -> Result<ChunkEntry, IndexError> {
        let pieces = match self.chunk_of(pieces) {
            Ok(chunk) => return Ok(chunk),
            Err(pieces) => pieces,
        };
        let first = pieces.first().map(|piece| &piece.place.first);
        let length = length(&pieces);
        let mut text = Vec::new();
        self.records.read(first, &mut |record| {
            text.extend_from_slice(record.text);
            Ok(if (text.len() as u64) < length {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        if text.len() as u64 != length {
            return Err(IndexError::Chunk(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the records from {first:?} on have {} bytes, and had {length}",
                    text.len()
                ),
            )));
        }
        let digest = self.compress(text);
        Ok(entry(pieces, digest))
    }

    /// Returns the digest of these pieces where they are all that one old chunk is made of.
    fn kept(&self, pieces: &[Piece]) -> Option<Sha256> {
        let PieceText::Kept(at) = pieces.first()?.text else {
            return None;
        };
        let chunk = self.previous.chunks.get(at)?;
        let is_whole = chunk.length == length(pieces)
            && pieces
                .iter()
                .all(|piece| matches!(piece.text, PieceText::Kept(other) if other == at));
        is_whole.then_some(chunk.digest)
    }

    /// Gives a text to the workers where it is not cached; returns its digest.
    fn compress(&self, text: Vec<u8>) -> Sha256 {
        let digest = digest(&text);
        // Most chunks of an index that is cut from nothing are those of its last build.
        if self.cache.open(&digest).is_none() {
            self.workers.compress(digest, text);
        }
        digest
    }
}

/// Returns the text of pieces; `None` where some of it was not read.
fn text(pieces: &[Piece]) -> Option<Vec<u8>> {
    let read = pieces.iter().map(|piece| match &piece.text {
        PieceText::Read(text) => Some(text.as_slice()),
        PieceText::Kept(_) => None,
    });
    Some(read.collect::<Option<Vec<_>>>()?.concat())
}

fn length(pieces: &[Piece]) -> u64 {
    pieces.iter().map(|piece| piece.place.length).sum()
}

/// Returns the entry of the open chunk that these pieces make.
fn entry(pieces: Vec<Piece>, digest: Sha256) -> ChunkEntry {
    let (first, last) = pieces.first().zip(pieces.last()).expect("a chunk has a piece");
    ChunkEntry {
        first: first.place.first.clone(),
        examined: last.place.examined.clone(),
        length: length(&pieces),
        digest,
        pieces: pieces.into_iter().map(|piece| piece.place).collect(),
    }
}

/// Returns the digest of a text.
pub(super) fn digest(text: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(text);
    digester.finish().sha256
}
