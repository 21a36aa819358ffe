//! Where an index is cut into chunks.
//!
//! A run of items ends where the name of the next one hashes lowest among all places that would make the run neither
//! too small nor too large. One changed item moves no other cut, but for the rare ones next to it.
//!
//! Records make pieces, and pieces make sealed chunks, which are large and compress well. Pieces that no sealed chunk is
//! whole with yet are gathered into groups: so records that come at the end change some KiB, not a large chunk.

const KIB: u64 = 1024;

/// The bounds of a piece, the least that a publish compresses for a record at the end.
pub const PIECE: ChunkBounds = ChunkBounds {
    least: 12 * KIB,
    most: 28 * KIB,
};

/// The bounds of a group.
pub const GROUP: ChunkBounds = ChunkBounds {
    least: 88 * KIB,
    most: 160 * KIB,
};

/// The bounds of a sealed chunk.
///
/// It is what a publish compresses for a record in the middle, and since an xz block starts without history, what keeps the
/// file small. Six pieces lie between its bounds: with fewer, one record would move many cuts, and with more the largest chunk, which a
/// record in the middle costs at worst, would be far above the mean.
pub const SEALED: ChunkBounds = ChunkBounds {
    least: 460 * KIB,
    most: 580 * KIB,
};

/// How large a run is, in bytes of plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkBounds {
    /// A run is cut no earlier than here.
    pub least: u64,
    /// A run is cut no later than here, but for one item that is larger by itself.
    pub most: u64,
}

/// Takes the items of one level in order and says where to cut.
#[derive(Debug)]
pub struct Cutter {
    bounds: ChunkBounds,
    /// Items since the last cut: hash of the name of the first record, and length in bytes.
    open: Vec<(u64, u64)>,
    length: u64,
}

impl Cutter {
    /// Makes a cutter for the items after a cut, or for the first ones.
    pub fn new(bounds: ChunkBounds) -> Self {
        Self {
            bounds,
            open: Vec::new(),
            length: 0,
        }
    }

    /// Takes the next item; returns how many of the oldest open ones make a run, for each run that this decides.
    ///
    /// A run ends before an item that was taken: one that is larger than a run by itself waits for the next, too.
    pub fn push(&mut self, hash: u64, length: u64) -> Vec<usize> {
        self.open.push((hash, length));
        self.length += length;
        let mut runs = Vec::new();
        while self.length > self.bounds.most && self.open.len() > 1 {
            let count = self.choose();
            for (_, length) in self.open.drain(..count) {
                self.length -= length;
            }
            runs.push(count);
        }
        runs
    }

    /// Returns how many items are open: what they make is one run when none follow.
    pub fn finish(self) -> usize {
        self.open.len()
    }

    /// Picks the cut among the places before each open item but the first.
    fn choose(&self) -> usize {
        let mut best: Option<(u64, usize)> = None;
        let mut fallback = 1;
        let mut offset = 0;
        for (at, (hash, length)) in self.open.iter().enumerate() {
            if at > 0 && offset <= self.bounds.most {
                fallback = at;
                if offset >= self.bounds.least && best.is_none_or(|(least, _)| *hash < least) {
                    best = Some((*hash, at));
                }
            }
            offset += length;
        }
        best.map_or(fallback, |(_, at)| at)
    }
}

/// Hashes a name: FNV-1a, then mixed so that the order of hashes says nothing of the order of names.
pub fn hash(name: &[u8]) -> u64 {
    let fnv = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: ChunkBounds = ChunkBounds {
        least: 750,
        most: 1_250,
    };

    /// Cuts records into chunks and returns the number of records in each.
    fn chunks(bounds: ChunkBounds, records: &[(u64, u64)]) -> Vec<usize> {
        let mut cutter = Cutter::new(bounds);
        let mut counts: Vec<usize> = records
            .iter()
            .flat_map(|(hash, length)| cutter.push(*hash, *length))
            .collect();
        counts.extend(Some(cutter.finish()).filter(|count| *count > 0));
        counts
    }

    #[test]
    fn one_more_record_changes_few_chunks() {
        // The proportions of a real index: a record is a thousandth of a chunk.
        let bounds = ChunkBounds {
            least: 750_000,
            most: 1_250_000,
        };
        let before: Vec<_> = (0..40_000_u64)
            .map(|at| (hash(&at.to_le_bytes()), 900 + at % 200))
            .collect();
        let ends = |records: &[(u64, u64)]| {
            let counts = chunks(bounds, records);
            counts
                .iter()
                .scan(0, |end, count| {
                    *end += count;
                    Some(*end)
                })
                .collect::<Vec<_>>()
        };
        let old = ends(&before);
        assert!(old.len() > 30, "{}", old.len());
        let mut changed = 0;
        for at in (0..40_000).step_by(400) {
            let mut after = before.clone();
            after.insert(at, (hash(b"new"), 1_000));
            let moved = |end: &usize| if *end > at { *end - 1 } else { *end };
            changed += ends(&after)
                .iter()
                .filter(|end| !old.contains(&moved(end)))
                .count();
        }
        // Of 100 insertions, nearly all move no cut at all.
        assert!(changed < 10, "{changed}");
    }

    proptest! {
        #[test]
        fn every_record_is_in_one_chunk_and_chunks_keep_their_bounds(lengths in prop::collection::vec(1_u64..2_000, 0..400)) {
            let records: Vec<_> = lengths.iter().enumerate().map(|(at, length)| (hash(&at.to_le_bytes()), *length)).collect();
            let counts = chunks(BOUNDS, &records);
            prop_assert_eq!(counts.iter().sum::<usize>(), records.len());
            let mut start = 0;
            for count in counts {
                let size: u64 = lengths[start..start + count].iter().sum();
                prop_assert!(count > 0 && (size <= BOUNDS.most || count == 1));
                start += count;
            }
        }
    }
}
