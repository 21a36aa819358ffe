//! Why a file is not one clear-signed message.

/// Why a file is not one clear-signed message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct EnvelopeError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: EnvelopeFault,
}

/// What keeps a line from being part of a clear-signed message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeFault {
    /// The file begins with something else.
    #[error("expected `-----BEGIN PGP SIGNED MESSAGE-----`, found `{0}`")]
    NoMessage(String),
    /// A header other than `Hash`, or none and no empty line.
    #[error("expected a `Hash` header or an empty line before the text, found `{0}`")]
    Header(String),
    /// A line of the text begins with a dash that is not escaped.
    #[error("expected text or `-----BEGIN PGP SIGNATURE-----`, found `{0}` with a dash that is not escaped")]
    Dash(String),
    /// The message has no line of text.
    #[error("there is no text before the signature")]
    NoText,
    /// A line among the signatures begins with a dash, or is no text.
    #[error("expected a signature or `-----END PGP SIGNATURE-----`, found `{0}`")]
    Signature(String),
    /// The file goes on after the message.
    #[error("the message has ended, but `{0}` follows")]
    After(String),
    /// The file ends too early.
    #[error("the file ends before `{0}`")]
    Ended(&'static str),
    /// A byte that stands in no Release file and that readers of such messages disagree on.
    #[error("control character {0:?}")]
    Control(char),
}
