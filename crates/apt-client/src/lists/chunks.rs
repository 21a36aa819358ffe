//! The chunk list of an index: what of a new index is here already, and where the rest is.
//!
//! The list is signed as the index is. A chunk is known by the digest of its plain text, so it does not matter where in
//! the old index it stood.

use std::collections::HashMap;
use std::io::Read as _;

use debian_control::digest::{Digester, Sha256};
use debian_control::limits::Limits;
use debian_control::stanza::Stanza;
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};

/// More ranges than this, and the whole file is fetched.
const MAX_RANGES: usize = 16;
/// Most bytes of text that one chunk may have.
const MAX_CHUNK_BYTES: u64 = 64 << 20;

/// A chunk list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkList {
    /// The compressed form that chunks are taken from.
    pub compression: Compression,
    chunks: Vec<Chunk>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunk {
    sha256: Sha256,
    length: u64,
    /// Where it is in the compressed file.
    start: u64,
    packed: u64,
}

/// A part of the new index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// It stands in the old index.
    Old {
        /// Where.
        start: u64,
        /// Bytes.
        length: u64,
    },
    /// It is in the fetched ranges.
    New {
        /// Which range.
        range: usize,
        /// Where in it.
        start: u64,
        /// Compressed bytes.
        packed: u64,
        /// Bytes of text.
        length: u64,
        /// Digest of the text.
        sha256: Sha256,
    },
}

/// How a new index is made of the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkPlan {
    /// The new index from its beginning to its end.
    pub pieces: Vec<Piece>,
    /// What to fetch of the compressed file: offsets and lengths.
    pub ranges: Vec<(u64, u64)>,
}

impl ChunkList {
    /// Reads a list; `None` when this program cannot use it.
    pub fn parse(text: &str) -> Option<Self> {
        let stanza = Stanza::parse(text).ok()?;
        (stanza.line("Format")? == "1").then_some(())?;
        let forms: Vec<&str> = stanza.line("Forms")?.split_ascii_whitespace().collect();
        let (form, compression) = [("zst", Compression::Zstd), ("gz", Compression::Gzip)]
            .into_iter()
            .find_map(|(name, compression)| {
                Some((forms.iter().position(|form| *form == name)?, compression))
            })?;
        let mut start: u64 = stanza
            .line("Starts")?
            .split_ascii_whitespace()
            .nth(form)?
            .parse()
            .ok()?;
        let mut chunks = Vec::new();
        for line in stanza.get("Chunks")?.continuation() {
            let mut words = line.split_ascii_whitespace();
            let sha256 = words.next()?.parse().ok()?;
            let length = words
                .next()?
                .parse()
                .ok()
                .filter(|length| *length <= MAX_CHUNK_BYTES)?;
            let packed = words.nth(form)?.parse().ok()?;
            chunks.push(Chunk {
                sha256,
                length,
                start,
                packed,
            });
            start = start.checked_add(packed)?;
        }
        Some(Self { compression, chunks })
    }

    /// Says how this index is made of an old one; `None` when fetching the whole is better.
    ///
    /// A chunk that is no old one may still be in the old text, where that goes on after what was found in it last: an
    /// archive makes large chunks of small ones. `holds` says whether the bytes of the old text from a place on, of a
    /// length, have a digest.
    pub fn plan(&self, old: &Self, holds: &mut dyn FnMut(u64, u64, &Sha256) -> bool) -> Option<ChunkPlan> {
        let mut places = HashMap::new();
        let mut place = 0_u64;
        for chunk in &old.chunks {
            places.entry(chunk.sha256).or_insert((place, chunk.length));
            place = place.checked_add(chunk.length)?;
        }
        let end = place;
        let mut plan = ChunkPlan {
            pieces: Vec::new(),
            ranges: Vec::new(),
        };
        // Where the old text goes on after what was found in it last.
        let mut next = 0_u64;
        for chunk in &self.chunks {
            let known = places
                .get(&chunk.sha256)
                .filter(|(_, length)| *length == chunk.length);
            let start = known.map(|(start, _)| *start).or_else(|| {
                let is_within = next.checked_add(chunk.length)? <= end;
                (is_within && holds(next, chunk.length, &chunk.sha256)).then_some(next)
            });
            match start {
                Some(start) => {
                    plan.pieces.push(Piece::Old {
                        start,
                        length: chunk.length,
                    });
                    next = start.saturating_add(chunk.length);
                }
                None => plan.fetch(chunk),
            }
        }
        let fetched: u64 = plan.ranges.iter().map(|(_, length)| length).sum();
        let whole: u64 = self.chunks.iter().map(|chunk| chunk.packed).sum();
        (plan.ranges.len() <= MAX_RANGES && fetched <= whole / 2).then_some(plan)
    }
}

impl ChunkPlan {
    fn fetch(&mut self, chunk: &Chunk) {
        match self.ranges.last_mut() {
            Some((start, length)) if *start + *length == chunk.start => *length += chunk.packed,
            _ => self.ranges.push((chunk.start, chunk.packed)),
        }
        let range = self.ranges.len() - 1;
        let begins = self.ranges.last().map_or(0, |(start, _)| *start);
        self.pieces.push(Piece::New {
            range,
            start: chunk.start - begins,
            packed: chunk.packed,
            length: chunk.length,
            sha256: chunk.sha256,
        });
    }
}

/// Unpacks a chunk; `None` when it is not what the list says.
pub(super) fn unpack(
    packed: &[u8],
    compression: Compression,
    (length, sha256): (u64, Sha256),
) -> Option<Vec<u8>> {
    let bounds = Bounds {
        // A chunk is small whatever it unpacks to.
        max_ratio: u64::MAX,
        ..Bounds::new(&Limits::default(), length)
    };
    let mut text = Vec::new();
    Decoder::new(compression, Streams::Index, packed, bounds)
        .ok()?
        .read_to_end(&mut text)
        .ok()?;
    let mut digester = Digester::sha256();
    digester.update(&text);
    (text.len() as u64 == length && digester.finish().sha256 == sha256).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Sha256 {
        let mut digester = Digester::sha256();
        digester.update(text.as_bytes());
        digester.finish().sha256
    }

    /// A list of chunks whose text is one letter, of compressed lengths 10 (xz) and 20 (zst).
    fn list(letters: &str) -> ChunkList {
        let mut text = "Format: 1\nIndex: Packages\nForms: xz zst\nStarts: 12 0\nChunks:\n".to_owned();
        for letter in letters.chars() {
            text += &format!(" {} 1 10 20\n", digest(&letter.to_string()));
        }
        ChunkList::parse(&text).unwrap()
    }

    #[test]
    fn what_is_here_is_not_fetched_and_neighbours_are_one_range() {
        let plan = list("abXYdefg")
            .plan(&list("abcdefg"), &mut |_, _, _| false)
            .unwrap();
        assert_eq!(plan.ranges, [(40, 40)]);
        assert_eq!(plan.pieces[1], Piece::Old { start: 1, length: 1 });
        assert_eq!(plan.pieces[4], Piece::Old { start: 3, length: 1 });
        let Piece::New {
            range: 0,
            start: 20,
            packed: 20,
            length: 1,
            sha256,
        } = plan.pieces[3]
        else {
            panic!("{:?}", plan.pieces);
        };
        assert_eq!(sha256, digest("Y"));
    }

    #[test]
    fn a_chunk_that_was_made_of_old_ones_is_not_fetched() {
        let text = "abcdefg";
        let held = |start: u64, length: u64| &text[start as usize..(start + length) as usize];
        let mut asked = Vec::new();
        let mut holds = |start, length, sha256: &Sha256| {
            asked.push((start, length));
            digest(held(start, length)) == *sha256
        };
        let new = format!(
            "Format: 1\nIndex: Packages\nForms: zst\nStarts: 0\nChunks:\n {} 1 9\n {} 3 9\n {} 2 9\n {} 1 5\n",
            digest("a"),
            digest("bcd"),
            digest("eX"),
            digest("Y"),
        );
        let plan = ChunkList::parse(&new)
            .unwrap()
            .plan(&list("abcdefg"), &mut holds)
            .unwrap();
        assert_eq!(plan.pieces[1], Piece::Old { start: 1, length: 3 });
        assert_eq!(plan.ranges, [(18, 14)]);
        assert_eq!(asked, [(1, 3), (4, 2), (4, 1)]);
    }

    #[test]
    fn a_chunk_that_ends_within_an_old_one_is_not_fetched_and_nor_is_the_rest() {
        let text = "abcdefg";
        let mut holds = |start: u64, length: u64, sha256: &Sha256| {
            digest(&text[start as usize..(start + length) as usize]) == *sha256
        };
        let list = |chunks: &[&str]| {
            let mut text = "Format: 1\nIndex: Packages\nForms: zst\nStarts: 0\nChunks:\n".to_owned();
            for chunk in chunks {
                text += &format!(" {} {} 10\n", digest(chunk), chunk.len());
            }
            ChunkList::parse(&text).unwrap()
        };
        let plan = list(&["abcd", "ef", "gX"])
            .plan(&list(&["abc", "def", "g"]), &mut holds)
            .unwrap();
        assert_eq!(plan.pieces[0], Piece::Old { start: 0, length: 4 });
        assert_eq!(plan.pieces[1], Piece::Old { start: 4, length: 2 });
        assert_eq!(plan.ranges, [(20, 10)]);
    }

    #[test]
    fn where_most_is_new_the_whole_is_fetched() {
        assert_eq!(list("VWXYa").plan(&list("abcdefg"), &mut |_, _, _| false), None);
    }

    #[test]
    fn a_list_that_cannot_be_used_is_none() {
        for text in [
            "",
            "Format: 2\n",
            "Format: 1\nForms: xz\nStarts: 0\nChunks:\n",
            "Format: 1\nForms: zst\nStarts: 0\nChunks:\n x 1 2\n",
        ] {
            assert_eq!(ChunkList::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_chunk_that_is_not_the_one_of_the_list_is_refused() {
        let packed = zstd_of(b"abc");
        assert_eq!(
            unpack(&packed, Compression::Zstd, (3, digest("abc"))).unwrap(),
            b"abc"
        );
        assert_eq!(unpack(&packed, Compression::Zstd, (3, digest("abd"))), None);
        assert_eq!(unpack(&packed, Compression::Zstd, (2, digest("abc"))), None);
        assert_eq!(unpack(b"nothing", Compression::Zstd, (3, digest("abc"))), None);
    }

    fn zstd_of(text: &[u8]) -> Vec<u8> {
        debian_deb::build::compress(Compression::Zstd, text)
    }
}
