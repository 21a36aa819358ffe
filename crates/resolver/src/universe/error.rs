//! Why a stanza cannot be a package of a universe, and why bytes cannot be a universe.

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

/// Why bytes are no universe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UniverseBytesError {
    /// They were written in another format.
    #[error("the bytes are not a universe of this format")]
    Format,
    /// They end too early.
    #[error("the bytes of the universe end within its {part}")]
    Truncated {
        /// Where they end.
        part: &'static str,
    },
    /// A number or a range leads nowhere.
    #[error("the {part} of the universe refer to something that does not exist")]
    Reference {
        /// What has the number.
        part: &'static str,
    },
}
