//! The formats that a member or an index may be compressed in.

use std::fmt;

/// How the bytes of a member or an index are compressed.
///
/// Source: deb(5), the extensions of `control.tar` and `data.tar`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), `.gz`.
    Gzip,
    /// The xz container, `.xz`.
    Xz,
    /// Zstandard (RFC 8878), `.zst`.
    Zstd,
    /// bzip2, `.bz2`.
    Bzip2,
    /// The container of lzma-utils that xz replaced, `.lzma`.
    Lzma,
}

impl Compression {
    /// Every compression, the most usual first.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Gzip,
        Self::Xz,
        Self::Zstd,
        Self::Bzip2,
        Self::Lzma,
    ];

    /// Returns the extension a file name carries, with its dot; empty for [`Compression::None`].
    pub const fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
            Self::Bzip2 => ".bz2",
            Self::Lzma => ".lzma",
        }
    }

    /// Returns the compression that `extension` (with its dot, or empty) stands for.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.extension() == extension)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
        })
    }
}
