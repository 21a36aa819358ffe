//! One chunk, compressed on its own, in a form that can be joined with others.
//!
//! Called by the workers, once for each chunk and form. The same bytes in give the same bytes out: no level, dictionary
//! or thread count depends on the machine.

use std::io::Write;

use liblzma::stream::{Action, Filters, LzmaOptions, Status, Stream};
use serde::{Deserialize, Serialize};

use crate::join::xz_block;

/// A form that an index has: its text, and the compressed forms in which it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Form {
    /// The text itself, which is listed in a Release and not served.
    Plain,
    /// gzip: a chunk is a member (RFC 1952).
    Gzip,
    /// xz: a chunk is a block of the one stream.
    Xz,
    /// Zstandard: a chunk is a frame (RFC 8878).
    Zstd,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Gzip, Self::Xz, Self::Zstd];

    /// Returns the ending of its file names, with the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }

    /// Brings one chunk into this form.
    pub fn compress(self, plain: &[u8]) -> std::io::Result<CompressedChunk> {
        let (bytes, padding) = match self {
            Self::Plain => (plain.to_vec(), 0),
            Self::Gzip => (gzip(plain)?, 0),
            Self::Xz => xz(plain)?,
            Self::Zstd => (zstd(plain)?, 0),
        };
        Ok(CompressedChunk { bytes, padding })
    }
}

/// One compressed chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompressedChunk {
    /// The chunk.
    pub bytes: Vec<u8>,
    /// How many of its bytes are the padding of an xz block.
    pub padding: u8,
}

/// Level 6: 9 came out larger on real indexes, for more time.
const GZIP_LEVEL: u32 = 6;
/// Level 9: 12 takes half as long again for one hundredth of the size.
const ZSTD_LEVEL: i32 = 9;
/// Dictionary of an xz block: the smallest that LZMA2 can name which holds the largest chunk.
pub(super) const XZ_DICTIONARY: u32 = 1024 * 1024;

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(plain)?;
    encoder.finish()
}

fn zstd(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = ::zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(plain)
}

fn xz(plain: &[u8]) -> std::io::Result<(Vec<u8>, u8)> {
    let mut options = LzmaOptions::new_preset(6)?;
    options
        .dict_size(XZ_DICTIONARY)
        .nice_len(32)
        .literal_context_bits(4)
        .literal_position_bits(0)
        .position_bits(0);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let mut encoder = Stream::new_raw_encoder(&filters)?;
    let mut packed = Vec::with_capacity(plain.len() / 2 + 64 * 1024);
    loop {
        let rest = usize::try_from(encoder.total_in())
            .ok()
            .and_then(|read| plain.get(read..))
            .expect("an encoder reads no more than it is given");
        if encoder.process_vec(rest, &mut packed, Action::Finish)? == Status::StreamEnd {
            return Ok(xz_block(&packed, plain));
        }
        packed.reserve(64 * 1024);
    }
}
