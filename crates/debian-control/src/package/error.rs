//! Why a control file is refused.

use crate::architecture::ArchitectureError;
use crate::name::NameError;
use crate::relation::RelationError;
use crate::stanza::StanzaError;
use crate::version::VersionError;

/// Why a control file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// It is longer than it may be.
    #[error("{found} bytes: expected at most {most}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// It begins with a byte order mark.
    #[error("it begins with a byte order mark: expected plain UTF-8")]
    ByteOrderMark,
    /// It is no UTF-8.
    #[error("line {line}: not UTF-8")]
    NotUtf8 {
        /// The line, counted from 1.
        line: usize,
    },
    /// The last line does not end, or has a field without a value.
    #[error("the last line is not whole: dpkg asks for a value and a line break there")]
    Ended,
    /// It is no stanza.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// Too many fields.
    #[error("{found} fields: expected at most {most}")]
    TooManyFields {
        /// Fields found.
        found: usize,
        /// Fields allowed.
        most: usize,
    },
    /// A value is longer than it may be.
    #[error("field `{field}`: {found} bytes, expected at most {most}")]
    FieldTooLong {
        /// The field.
        field: String,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A field that every package has is missing or empty.
    #[error("field `{0}` is missing or empty")]
    Missing(&'static str),
    /// A value that has one line has more.
    #[error("field `{0}` goes on over more than one line")]
    Folded(String),
    /// `Package` or `Source`.
    #[error("field `{field}`: {source}")]
    Name {
        /// The field.
        field: &'static str,
        /// Why.
        source: NameError,
    },
    /// `Version`, or the version in `Source`.
    #[error("field `{field}`: {source}")]
    Version {
        /// The field.
        field: &'static str,
        /// Why.
        source: VersionError,
    },
    /// `Architecture`.
    #[error("field `Architecture`: {0}")]
    Architecture(#[source] ArchitectureError),
    /// A field of relations.
    #[error("field `{field}`: {source}")]
    Relation {
        /// The field.
        field: &'static str,
        /// Why.
        source: RelationError,
    },
    /// A field that says what is installed here, so that dpkg takes no package with it.
    #[error("field `{0}` belongs to the database of installed packages: dpkg refuses it in a package")]
    Installed(&'static str),
    /// A field that dpkg reads under another name, and apt does not read at all.
    #[error("field `{field}` is obsolete: expected `{instead}`")]
    Obsolete {
        /// The field.
        field: &'static str,
        /// What is written now.
        instead: &'static str,
    },
    /// A field name that dpkg refuses.
    #[error("field `{0}`: expected a name of two characters or more")]
    NameTooShort(String),
    /// A restriction that only source packages have.
    #[error("field `{field}`: `{relation}` has what only source packages have")]
    Restricted {
        /// The field.
        field: &'static str,
        /// The relation.
        relation: String,
    },
    /// More relations than anybody needs.
    #[error("more than {0} relations")]
    TooManyRelations(usize),
    /// Relations that begin on the line after the field's name.
    #[error("field `{0}`: the first line is empty, dpkg expects a relation there")]
    FirstLineEmpty(&'static str),
    /// `Provides` without a value.
    #[error("field `Provides` is empty: apt reads no index that has such a field")]
    ProvidesNothing,
    /// Name, version and architecture make a file name that no disk takes.
    #[error("the file name `{0}` would be longer than 255 bytes")]
    FileName(String),
    /// A value that is not one of those that there are.
    #[error("field `{field}`: `{value}`, expected {expected}")]
    Value {
        /// The field.
        field: &'static str,
        /// What was found.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// `Multi-Arch: same` on a package that is one for all architectures.
    #[error(
        "field `Multi-Arch`: `same` has no meaning with `Architecture: all`: expected `foreign`, `allowed` or no field"
    )]
    SameOnAll,
    /// Two readers that know nothing of each other see different things in it. Debug builds alone ask the second one.
    #[error("two readers of control files disagree on {0}")]
    Ambiguous(String),
}
