//! The forms that an index has.

use serde::{Deserialize, Serialize};

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
}
