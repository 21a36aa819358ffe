//! One chunk, compressed on its own, in a form that can be joined with others.
//!
//! Called by the workers, once for each chunk and form. The same bytes in give the same bytes out: no level, dictionary
//! or thread count depends on the machine.

use std::io::Write;

use liblzma::stream::{Action, Filters, LzmaOptions, Status, Stream};

use crate::form::Form;
use crate::xz::{block, dictionary};

impl Form {
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
/// How long a match must be for the search of a longer one to end. Preset 6 has 64, for an eighth more time and 0.2 % less size.
const XZ_NICE_LENGTH: u32 = 56;
/// How many places are tried in the search of a match. Of itself the library takes 44, for a tenth more time and 0.16 % less size.
const XZ_DEPTH: u32 = 16;

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
        .dict_size(dictionary(plain))
        .nice_len(XZ_NICE_LENGTH)
        .depth(XZ_DEPTH)
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
            return Ok(block(&packed, plain));
        }
        packed.reserve(64 * 1024);
    }
}
