//! Why a stanza cannot be a package of a universe.

use debian_control::relation::RelationError;

/// Why a stanza cannot be a package of a universe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UniverseError {
    /// A field that is needed is not there.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    /// A field has no right value.
    #[error("field `{field}`: {wrong}")]
    Value {
        /// The field.
        field: &'static str,
        /// What is wrong.
        wrong: String,
    },
    /// A field has relations that cannot be read.
    #[error("field `{field}` of `{package}`: {source}")]
    Relations {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// Why.
        source: RelationError,
    },
    /// More than numbers of 32 bits can count.
    #[error("too many packages: expected at most {0}")]
    TooMany(usize),
}
