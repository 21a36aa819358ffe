//! What can be wrong with a compressed stream.

use std::io;

use thiserror::Error;

use super::bounds::Bounds;
use super::format::Compression;

/// Why a compressed stream was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompressionError {
    /// There is no stream at all.
    #[error("no {compression} stream in it: it is empty")]
    Empty {
        /// What was expected.
        compression: Compression,
    },
    /// The stream ends before its end mark.
    #[error("the {compression} stream is cut off before its end")]
    Truncated {
        /// What it is.
        compression: Compression,
    },
    /// The codec could not go on, or a checksum differs.
    #[error("the {compression} stream is corrupt: {detail}")]
    Corrupt {
        /// What was expected.
        compression: Compression,
        /// What the library says of it.
        detail: String,
    },
    /// Bytes follow the end of the stream.
    #[error("bytes follow the end of the {compression} stream at offset {offset}")]
    Trailing {
        /// What it is.
        compression: Compression,
        /// Where the stream ended.
        offset: u64,
    },
    /// It unpacks to more than was allowed.
    #[error("it unpacks to more than {max_bytes} bytes")]
    TooLarge {
        /// The bound.
        max_bytes: u64,
    },
    /// It unpacks to many times its size.
    #[error("it unpacks to more than {max_ratio} times its size ({consumed} bytes so far)")]
    Ratio {
        /// The bound.
        max_ratio: u64,
        /// Compressed bytes read when it was passed.
        consumed: u64,
    },
    /// Decoding needs more memory than was allowed.
    #[error("the {compression} stream needs more than {max_bytes} bytes of memory to decode")]
    Memory {
        /// What it is.
        compression: Compression,
        /// The bound.
        max_bytes: u64,
    },
}

impl CompressionError {
    /// Translates what a codec answered; errors of its input were sorted out before.
    pub(super) fn of_codec(compression: Compression, bounds: Bounds, error: io::Error) -> Self {
        let cause = error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<liblzma::stream::Error>());
        match cause {
            Some(liblzma::stream::Error::MemLimit) => Self::Memory {
                compression,
                max_bytes: bounds.max_decoder_bytes,
            },
            _ if error.kind() == io::ErrorKind::UnexpectedEof => Self::Truncated { compression },
            _ => Self::Corrupt {
                compression,
                detail: error.to_string(),
            },
        }
    }

    /// Returns the `CompressionError` in `error`, where it is one.
    pub fn from_io(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|cause| cause.downcast_ref())
    }
}

impl From<CompressionError> for io::Error {
    fn from(error: CompressionError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
