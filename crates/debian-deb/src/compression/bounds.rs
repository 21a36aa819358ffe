//! How far a decoder may go.

use debian_control::limits::Limits;

/// How much a [`Decoder`](super::Decoder) may give and take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes it may unpack to.
    pub max_bytes: u64,
    /// How many times larger than its input its output may be ...
    pub max_ratio: u64,
    /// ... once the output passed so many bytes.
    pub ratio_free_bytes: u64,
    /// Bytes of memory for its dictionary or window.
    pub max_decoder_bytes: u64,
}

impl Bounds {
    /// Returns the bounds of `limits` for a stream that may unpack to `max_bytes`.
    pub fn new(limits: &Limits, max_bytes: u64) -> Self {
        Self {
            max_bytes,
            max_ratio: limits.max_ratio,
            ratio_free_bytes: limits.ratio_free_bytes,
            max_decoder_bytes: limits.max_decoder_bytes,
        }
    }
}
