//! What an index is made of: records in order, which can be read from any place on.

use std::fmt;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::IndexError;

/// The place of a record in its index; keys order as their bytes do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(pub Vec<u8>);

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its place. No two records of an index share one.
    pub key: &'a Key,
    /// What decides where the index is cut; see [`cut::hash`](super::cut::hash).
    pub hash: u64,
    /// Its text, with everything that stands between it and the next.
    pub text: &'a [u8],
}

/// A source of records.
pub trait Records {
    /// Hands the records from `from` on to `visit`, in order, until it breaks off.
    fn read(&self, from: Option<&Key>, visit: &mut Visit<'_>) -> Result<(), IndexError>;
}

/// Takes records.
pub type Visit<'a> = dyn FnMut(Record<'_>) -> Result<ControlFlow<()>, IndexError> + 'a;

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.0.escape_ascii())
    }
}

/// Hexadecimal, so that a manifest is plain JSON whatever bytes a key has.
impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        from_hex(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected hexadecimal digits"))
    }
}

/// Writes bytes as hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Reads hexadecimal digits.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}
