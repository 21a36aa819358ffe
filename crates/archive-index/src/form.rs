//! The forms that an index has.

use std::str::FromStr;

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

    /// The compressed ones, that which takes longest first.
    pub const COMPRESSED: [Self; 3] = [Self::Xz, Self::Zstd, Self::Gzip];

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

/// A text that names no compressed form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid compression `{}`: expected `xz`, `gz` or `zst`", .0.escape_debug())]
pub struct FormError(String);

/// Reads a compressed form from the ending of its file names, without the dot.
impl FromStr for Form {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::COMPRESSED
            .into_iter()
            .find(|form| form.extension().strip_prefix('.') == Some(text))
            .ok_or_else(|| FormError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_form_is_read_from_its_ending() {
        for form in Form::COMPRESSED {
            assert_eq!(form.extension().trim_start_matches('.').parse(), Ok(form));
        }
        for text in ["", ".xz", "XZ", "bz2", "plain"] {
            assert!(text.parse::<Form>().is_err(), "{text}");
        }
    }
}
