//! What can be wrong with a stanza.

/// A text that is no stanza.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct StanzaError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is neither a field nor a continuation.
    #[error("`{0}` has no `:` after a field name")]
    NoColon(String),
    /// The field name has other characters than printable ASCII, or begins with `#` or `-`.
    #[error("invalid field name `{0}`: expected printable ASCII without blanks, no `#` or `-` first")]
    FieldName(String),
    /// The stanza has the field twice.
    #[error("field `{0}` stands twice")]
    Twice(String),
    /// A continuation before any field.
    #[error("it begins with a blank, but continues no field")]
    Continuation,
    /// An empty line inside, or a second stanza.
    #[error("an empty line ends the stanza, but more follows: expected one stanza")]
    Second,
    /// A line of blanks.
    #[error("only blanks in it: an empty line of a value is written ` .`")]
    Blank,
    /// A character that stands in no control file.
    #[error("control character {0:?} in it")]
    Control(char),
    /// Nothing at all.
    #[error("expected a stanza, found nothing")]
    Empty,
}
