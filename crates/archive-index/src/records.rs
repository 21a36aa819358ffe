//! What an index is made of: records in order, which can be read from any key on.
//!
//! Implemented by whoever publishes, for each kind of index; [`build`](crate::build()) reads them.

use std::fmt;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::IndexError;

/// The place of a record in its index; keys order as their bytes do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecordKey(pub Vec<u8>);

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct IndexRecord<'a> {
    /// Its place. No two records of an index share one.
    pub key: &'a RecordKey,
    /// What decides where the index is cut; see [`cut::hash`](crate::cut::hash).
    pub hash: u64,
    /// Its text, with everything between it and the next.
    pub text: &'a [u8],
}

/// A source of records.
pub trait Records {
    /// Hands the records from `from` on to `visit`, in order, until it breaks off.
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError>;
}

/// Takes records.
pub type VisitRecord<'a> = dyn FnMut(IndexRecord<'_>) -> Result<ControlFlow<()>, IndexError> + 'a;

impl fmt::Debug for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RecordKey({})", self.0.escape_ascii())
    }
}

/// Hexadecimal, so that a manifest is plain JSON whatever bytes a key has.
impl Serialize for RecordKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RecordKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        hex::decode(text.as_ref())
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}
