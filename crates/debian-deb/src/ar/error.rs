//! What can be wrong with the outer archive.

use std::io;

use thiserror::Error;

use super::name::MemberName;

/// Why an `ar` archive was refused. Members are counted from one.
#[derive(Debug, Error)]
pub enum ArError {
    /// The file does not begin as one.
    #[error("not a Debian package: it starts with `{found}`, not with `!<arch>` and a newline")]
    Magic {
        /// The first bytes, escaped.
        found: String,
    },
    /// The file ends inside a header.
    #[error("member {number}: its header is cut off after {found} of 60 bytes")]
    HeaderTruncated {
        /// Which member.
        number: usize,
        /// Bytes there are.
        found: usize,
    },
    /// A header does not end as one.
    #[error("member {number}: its header ends with `{found}`, not with a backquote and a newline")]
    EndMark {
        /// Which member.
        number: usize,
        /// The bytes there, escaped.
        found: String,
    },
    /// A name that dpkg does not read as others do.
    #[error("member {number}: invalid name `{found}`: {why}")]
    Name {
        /// Which member.
        number: usize,
        /// The name, escaped.
        found: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A number that cannot be parsed.
    #[error("member `{member}`: its {field} is `{found}`, not {}", expected(.field))]
    Number {
        /// Which member.
        member: MemberName,
        /// Which field of its header.
        field: &'static str,
        /// What stands there, escaped.
        found: String,
    },
    /// The file ends inside a member.
    #[error("member `{member}`: the file ends after {found} of its {size} bytes")]
    Truncated {
        /// Which member.
        member: MemberName,
        /// Its size as the header gives it.
        size: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A member of odd size stands at the end of the file without its padding byte.
    #[error("member `{member}`: the padding byte after its {size} bytes is missing")]
    PaddingMissing {
        /// Which member.
        member: MemberName,
        /// Its size.
        size: u64,
    },
    /// More members than allowed.
    #[error("more than {max} members")]
    TooManyMembers {
        /// The bound.
        max: usize,
    },
    /// The reader failed.
    #[error("cannot read the archive")]
    Io(#[source] io::Error),
}

fn expected(field: &str) -> &'static str {
    match field {
        "mode" => "octal digits and blanks",
        _ => "decimal digits and blanks",
    }
}

impl ArError {
    pub(super) fn number(member: &MemberName, field: &'static str, text: &[u8]) -> Self {
        Self::Number {
            member: member.clone(),
            field,
            found: text.escape_ascii().to_string(),
        }
    }

    /// Takes an `ArError` out of the [`io::Error`] in which a [`Member`](super::Member)'s reader handed it out.
    ///
    /// Any other error is the reader's own, [`ArError::Io`].
    pub fn from_io(error: io::Error) -> Self {
        match error.downcast() {
            Ok(error) => error,
            Err(error) => Self::Io(error),
        }
    }
}

impl From<ArError> for io::Error {
    fn from(error: ArError) -> Self {
        match error {
            ArError::Io(error) => error,
            ArError::Truncated { .. } => Self::new(io::ErrorKind::UnexpectedEof, error),
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
