//! Decompressing as dpkg does, within bounds.
//!
//! The readers of packages and of indexes come here with the bytes of one compressed stream. A [`Decoder`] promises
//! never to hand out more than its [`Bounds`] allow, never to take memory because a header asks for it, and never to
//! end quietly before the stream did or while bytes still follow it, but for the padding that formats have.

mod bounds;
mod counted;
mod error;
mod format;
mod framing;

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;

pub use self::bounds::Bounds;
use self::counted::CountingReader;
pub use self::error::CompressionError;
pub use self::format::Compression;
use self::framing::{GzipMembers, is_padding};

/// What may stand in one compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// What dpkg reads in a package: gzip members as many as there are, of every other format one stream.
    ///
    /// dpkg ignores what follows that stream, and its zlib what follows the last gzip member. Here anything that
    /// follows is refused, so that nobody reads on where dpkg stopped; only zeros behind gzip and xz, which pad them, hold nothing.
    Package,
    /// What apt reads as an index: also zstd frames as many as there are.
    ///
    /// Several xz streams are refused: apt decodes the first and fails.
    Index,
}

/// Reads what a compressed stream unpacks to.
///
/// An end of file (`Ok(0)`) means that the stream was whole, its checksums right, and nothing but padding followed it. Errors of
/// the input come through as they are; every other error holds a [`CompressionError`].
///
/// ```
/// use std::io::Read;
/// use debian_deb::compression::{Bounds, Compression, Decoder, Streams};
/// use debian_control::limits::Limits;
///
/// let bounds = Bounds::new(&Limits::default(), 1 << 20);
/// let mut text = String::new();
/// Decoder::new(Compression::None, Streams::Index, &b"Package: hello\n"[..], bounds)?.read_to_string(&mut text)?;
/// assert_eq!(text, "Package: hello\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Decoder<R: BufRead> {
    codec: Codec<CountingReader<R>>,
    compression: Compression,
    bounds: Bounds,
    produced: u64,
    ended: bool,
}

/// The decoders of the libraries, one a format.
enum Codec<R: BufRead> {
    Stored(R),
    Gzip(GzipMembers<R>),
    // liblzma reads the older container with the same decoder type.
    Xz(XzDecoder<R>),
    Zstd(zstd::Decoder<'static, R>),
    Bzip2(BzDecoder<R>),
}

impl<R: BufRead> Decoder<R> {
    /// Begins to decode `input`; reads no more of it than a gzip header.
    ///
    /// # Errors
    ///
    /// When a decoder cannot be set up at all, which is for want of memory.
    pub fn new(compression: Compression, streams: Streams, input: R, bounds: Bounds) -> io::Result<Self> {
        let input = CountingReader::new(input);
        let codec = match compression {
            Compression::None => Codec::Stored(input),
            Compression::Gzip => Codec::Gzip(GzipMembers::new(input)),
            Compression::Xz => {
                let stream = Stream::new_stream_decoder(bounds.max_decoder_bytes, 0)?;
                Codec::Xz(XzDecoder::new_stream(input, stream))
            }
            Compression::Lzma => {
                let stream = Stream::new_lzma_decoder(bounds.max_decoder_bytes)?;
                Codec::Xz(XzDecoder::new_stream(input, stream))
            }
            Compression::Zstd => Codec::Zstd(zstd_decoder(streams, input, bounds)?),
            Compression::Bzip2 => Codec::Bzip2(BzDecoder::new(input)),
        };
        Ok(Self {
            codec,
            compression,
            bounds,
            produced: 0,
            ended: false,
        })
    }

    /// Returns how many bytes it has handed out.
    pub fn produced(&self) -> u64 {
        self.produced
    }

    fn input(&self) -> &CountingReader<R> {
        match &self.codec {
            Codec::Stored(input) => input,
            Codec::Gzip(decoder) => decoder.get_ref(),
            Codec::Xz(decoder) => decoder.get_ref(),
            Codec::Zstd(decoder) => decoder.get_ref(),
            Codec::Bzip2(decoder) => decoder.get_ref(),
        }
    }

    fn input_mut(&mut self) -> &mut CountingReader<R> {
        match &mut self.codec {
            Codec::Stored(input) => input,
            Codec::Gzip(decoder) => decoder.get_mut(),
            Codec::Xz(decoder) => decoder.get_mut(),
            Codec::Zstd(decoder) => decoder.get_mut(),
            Codec::Bzip2(decoder) => decoder.get_mut(),
        }
    }

    /// The codec says that the stream is over: so it must be.
    fn check_end(&mut self) -> io::Result<()> {
        let compression = self.compression;
        if self.input().consumed() == 0 && compression != Compression::None {
            return Err(CompressionError::Empty { compression }.into());
        }
        let offset = self.input().consumed();
        if !is_padding(compression, self.input_mut())? {
            return Err(CompressionError::Trailing { compression, offset }.into());
        }
        Ok(())
    }

    fn check_bounds(&self) -> Result<(), CompressionError> {
        let Bounds {
            max_bytes,
            max_ratio,
            ratio_free_bytes,
            ..
        } = self.bounds;
        if self.produced > max_bytes {
            return Err(CompressionError::TooLarge { max_bytes });
        }
        let allowed = self.input().consumed().saturating_mul(max_ratio);
        if self.produced > ratio_free_bytes && self.produced > allowed {
            return Err(CompressionError::Ratio {
                max_ratio,
                consumed: self.input().consumed(),
            });
        }
        Ok(())
    }
}

fn zstd_decoder<R: BufRead>(
    streams: Streams,
    input: R,
    bounds: Bounds,
) -> io::Result<zstd::Decoder<'static, R>> {
    let mut decoder = zstd::Decoder::with_buffer(input)?;
    // Ten is the least that the format knows; zstd itself refuses what is out of its range.
    decoder.window_log_max(
        bounds
            .max_decoder_bytes
            .checked_ilog2()
            .unwrap_or(0)
            .clamp(10, 30),
    )?;
    Ok(match streams {
        Streams::Package => decoder.single_frame(),
        Streams::Index => decoder,
    })
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended || buf.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.codec {
            Codec::Stored(input) => input.read(buf),
            Codec::Gzip(decoder) => decoder.read(buf),
            Codec::Xz(decoder) => decoder.read(buf),
            Codec::Zstd(decoder) => decoder.read(buf),
            Codec::Bzip2(decoder) => decoder.read(buf),
        };
        match read {
            Ok(0) => {
                self.check_end()?;
                self.ended = true;
                Ok(0)
            }
            Ok(count) => {
                self.produced = self.produced.saturating_add(count as u64);
                self.check_bounds()?;
                Ok(count)
            }
            Err(error) if self.input().failed() => Err(error),
            Err(error) => Err(CompressionError::of_codec(self.compression, self.bounds, error).into()),
        }
    }
}
