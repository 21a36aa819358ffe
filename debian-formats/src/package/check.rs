//! Checking a control file, field by field.

use std::collections::BTreeMap;

use super::{BinaryPackage, INDEX_FIELDS};
use crate::architecture::ArchitectureError;
use crate::limits::Limits;
use crate::name::{NameError, PackageName, shown};
use crate::relation::{ArchQualifier, RelationError, RelationKind, Relations};
use crate::stanza::{Field, Stanza, StanzaError};
use crate::version::{Version, VersionError};

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
    /// Two independent readers see other fields in it.
    #[error("field `{0}` is not read alike by every reader of control files")]
    Ambiguous(String),
}

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<BinaryPackage, ControlError> {
    let text = text(bytes, limits)?;
    let stanza = Stanza::parse(&text)?;
    if stanza.fields().len() > limits.max_fields {
        return Err(ControlError::TooManyFields {
            found: stanza.fields().len(),
            most: limits.max_fields,
        });
    }
    let description = |field: &Field<'_>| field.is("Description");
    for field in stanza.fields().iter().filter(|field| !description(field)) {
        let found = field.raw().len();
        if found > limits.max_field_bytes {
            let field = shown(field.name());
            return Err(ControlError::FieldTooLong {
                field,
                found,
                most: limits.max_field_bytes,
            });
        }
    }
    let name: PackageName = line(&stanza, "Package")?
        .parse()
        .map_err(|source| ControlError::Name {
            field: "Package",
            source,
        })?;
    let version: Version = line(&stanza, "Version")?
        .parse()
        .map_err(|source| ControlError::Version {
            field: "Version",
            source,
        })?;
    let architecture = line(&stanza, "Architecture")?
        .parse()
        .map_err(ControlError::Architecture)?;
    let (source, source_version) = source(&stanza)?;
    check_values(&stanza)?;
    let relations = relations(&stanza, limits)?;
    Ok(BinaryPackage {
        control: control(&stanza),
        source: source.unwrap_or_else(|| name.clone()),
        source_version: source_version.unwrap_or_else(|| version.clone()),
        name,
        version,
        architecture,
        relations,
        none: Relations::default(),
    })
}

/// Returns the text, with CRLF line ends made plain.
fn text(bytes: &[u8], limits: &Limits) -> Result<String, ControlError> {
    if bytes.len() > limits.max_control_bytes {
        return Err(ControlError::TooLong {
            found: bytes.len(),
            most: limits.max_control_bytes,
        });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(ControlError::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ControlError::NotUtf8 {
        line: bytes
            .iter()
            .take(error.valid_up_to())
            .filter(|byte| **byte == b'\n')
            .count()
            + 1,
    })?;
    Ok(if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    })
}

/// Returns the stanza as it goes into an index.
fn control(stanza: &Stanza<'_>) -> String {
    let mut text = String::new();
    for field in stanza
        .fields()
        .iter()
        .filter(|field| !INDEX_FIELDS.iter().any(|name| field.is(name)))
    {
        text.push_str(field.name());
        text.push(':');
        text.push_str(field.raw());
        text.push('\n');
    }
    text
}

/// Returns the value of a field that has one line and must be there.
fn line<'a>(stanza: &Stanza<'a>, name: &'static str) -> Result<&'a str, ControlError> {
    optional_line(stanza, name)?.ok_or(ControlError::Missing(name))
}

/// Returns the value of a field that has one line, where it is there and not empty.
fn optional_line<'a>(stanza: &Stanza<'a>, name: &str) -> Result<Option<&'a str>, ControlError> {
    let Some(field) = stanza.get(name) else {
        return Ok(None);
    };
    if field.raw().contains('\n') {
        return Err(ControlError::Folded(field.name().to_owned()));
    }
    Ok(Some(field.first_line()).filter(|value| !value.is_empty()))
}

/// Reads `Source: NAME` or `Source: NAME (VERSION)`.
fn source(stanza: &Stanza<'_>) -> Result<(Option<PackageName>, Option<Version>), ControlError> {
    let Some(value) = optional_line(stanza, "Source")? else {
        return Ok((None, None));
    };
    let (name, version) = match value.split_once([' ', '\t', '(']) {
        None => (value, None),
        Some((name, _)) => {
            let rest = value
                .get(name.len()..)
                .unwrap_or_default()
                .trim_matches([' ', '\t']);
            let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let inside = inside.ok_or_else(|| ControlError::Value {
                field: "Source",
                value: shown(value),
                expected: "a name, or a name and a version in parentheses",
            })?;
            (name, Some(inside.trim_matches([' ', '\t'])))
        }
    };
    let name = name.parse().map_err(|source| ControlError::Name {
        field: "Source",
        source,
    })?;
    let version = version.map(|text| {
        text.parse().map_err(|source| ControlError::Version {
            field: "Source",
            source,
        })
    });
    Ok((Some(name), version.transpose()?))
}

/// Checks the fields whose values dpkg or apt interpret.
fn check_values(stanza: &Stanza<'_>) -> Result<(), ControlError> {
    let value = |field, expected, is_right: &dyn Fn(&str) -> bool| match optional_line(stanza, field)? {
        Some(value) if !is_right(value) => Err(ControlError::Value {
            field,
            value: shown(value),
            expected,
        }),
        _ => Ok(()),
    };
    let one_of = |names: &'static [&'static str]| {
        move |value: &str| names.iter().any(|name| value.eq_ignore_ascii_case(name))
    };
    value(
        "Multi-Arch",
        "`same`, `foreign`, `allowed` or `no`",
        &one_of(&["same", "foreign", "allowed", "no"]),
    )?;
    value("Essential", "`yes` or `no`", &one_of(&["yes", "no"]))?;
    value("Protected", "`yes` or `no`", &one_of(&["yes", "no"]))?;
    value("Installed-Size", "a number of KiB", &|value| {
        value.len() <= 18 && value.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    // They stand in paths and lists of others, where a blank would end them.
    let word = |value: &str| !value.contains([' ', '\t', ',']);
    value("Section", "one word", &word)?;
    value("Priority", "one word", &word)?;
    for field in ["Maintainer", "Homepage", "Origin", "Bugs"] {
        optional_line(stanza, field)?;
    }
    Ok(())
}

fn relations(
    stanza: &Stanza<'_>,
    limits: &Limits,
) -> Result<BTreeMap<RelationKind, Relations>, ControlError> {
    let mut all = BTreeMap::new();
    let mut count = 0;
    for kind in RelationKind::ALL {
        let field = kind.field_name();
        let Some(found) = stanza.get(field) else { continue };
        let relations =
            Relations::parse(kind, found.raw()).map_err(|source| ControlError::Relation { field, source })?;
        count += relations.0.iter().map(|group| group.0.len()).sum::<usize>();
        if count > limits.max_relations {
            return Err(ControlError::TooManyRelations(limits.max_relations));
        }
        let mut each = relations.0.iter().flat_map(|group| &group.0);
        if let Some(relation) = each
            .find(|relation| relation.is_restricted() || relation.qualifier == Some(ArchQualifier::Native))
        {
            return Err(ControlError::Restricted {
                field,
                relation: relation.to_string(),
            });
        }
        all.insert(kind, relations);
    }
    Ok(all)
}
