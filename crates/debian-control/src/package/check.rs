//! Checking a control file, field by field.

use std::collections::BTreeMap;

use super::error::ControlError;
use super::{BinaryPackage, second_reader, values};
use crate::limits::{ControlRules, Limits};
use crate::name::{PackageName, shown};
use crate::relation::{ArchQualifier, RelationKind, Relations};
use crate::stanza::{Field, Stanza, index_text};
use crate::version::Version;

/// Fields that grow with what is in a package, or what it was built with: debug symbols of kernel modules have thousands of `Build-Ids`.
const LONG: [&str; 5] = [
    "Description",
    "Build-Ids",
    "Built-Using",
    "Static-Built-Using",
    "Tag",
];

/// Fields that say what is not the package's to say: an index adds them, or dpkg writes them when it has installed.
const DROPPED: [&str; 9] = [
    "Filename",
    "Size",
    "MD5sum",
    "SHA1",
    "SHA256",
    "SHA512",
    "Description-md5",
    "MSDOS-Filename",
    "Conffiles",
];

/// The longest file name of Linux's file systems, in bytes.
const MAX_FILE_NAME: usize = 255;

impl BinaryPackage {
    /// Parses the bytes of a `control` file.
    ///
    /// One stanza of UTF-8 text, with LF or CRLF line ends, within `limits`, which also say what becomes of other bytes; every field
    /// that dpkg and apt interpret is well formed. Fields that are not known are kept as they are.
    pub fn parse(control: &[u8], limits: &Limits) -> Result<Self, ControlError> {
        parse(control, limits)
    }
}

fn parse(bytes: &[u8], limits: &Limits) -> Result<BinaryPackage, ControlError> {
    let text = text(bytes, limits)?;
    let stanza = Stanza::parse(&text)?;
    check_end(&text, &stanza)?;
    check_fields(&stanza, limits)?;
    let name: PackageName =
        values::required(&stanza, "Package")?
            .parse()
            .map_err(|source| ControlError::Name {
                field: "Package",
                source,
            })?;
    let version: Version =
        values::required(&stanza, "Version")?
            .parse()
            .map_err(|source| ControlError::Version {
                field: "Version",
                source,
            })?;
    let architecture = values::required(&stanza, "Architecture")?
        .parse()
        .map_err(ControlError::Architecture)?;
    let (source, source_version) = values::source(&stanza)?;
    values::check(&stanza)?;
    let package = BinaryPackage {
        control: control(&stanza),
        source: source.unwrap_or_else(|| name.clone()),
        source_version: source_version.unwrap_or_else(|| version.clone()),
        name,
        version,
        architecture,
        relations: relations(&stanza, limits)?,
        none: Relations::default(),
    };
    let file_name = package.file_name();
    if file_name.len() > MAX_FILE_NAME {
        return Err(ControlError::FileName(shown(&file_name)));
    }
    if cfg!(debug_assertions) {
        second_reader::check(&text, &stanza)?;
    }
    Ok(package)
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
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if limits.control_rules == ControlRules::AsDpkg => index_text(bytes.to_vec()),
        Err(error) => {
            let good = bytes.iter().take(error.valid_up_to());
            return Err(ControlError::NotUtf8 {
                line: 1 + good.filter(|byte| **byte == b'\n').count(),
            });
        }
    };
    let text = match text.contains('\r') {
        true => text.replace("\r\n", "\n"),
        false => text,
    };
    Ok(match limits.control_rules {
        ControlRules::Strict => text,
        ControlRules::AsDpkg => text.replace(is_carried, "?"),
    })
}

/// Says whether a character is one that only dpkg carries. It reads nothing behind a NUL.
fn is_carried(letter: char) -> bool {
    letter.is_ascii_control() && !matches!(letter, '\n' | '\t' | '\0')
}

/// Refuses a last line without a line break, and a last field without a value: dpkg reads neither.
fn check_end(text: &str, stanza: &Stanza<'_>) -> Result<(), ControlError> {
    let last = [
        stanza.fields().last(),
        stanza.fields().iter().rfind(|field| is_kept(field)),
    ];
    // The last one that is kept as well, so that what `control` returns can be read again.
    let is_empty = last.iter().flatten().any(|field| field.value().is_empty());
    if is_empty || !text.ends_with('\n') {
        return Err(ControlError::Ended);
    }
    Ok(())
}

/// Checks what holds for fields of every name.
fn check_fields(stanza: &Stanza<'_>, limits: &Limits) -> Result<(), ControlError> {
    let fields = stanza.fields();
    if fields.len() > limits.max_fields {
        return Err(ControlError::TooManyFields {
            found: fields.len(),
            most: limits.max_fields,
        });
    }
    for field in fields.iter().filter(|field| !is_long_by_nature(field)) {
        let found = field.raw().len();
        if found > limits.max_field_bytes {
            return Err(ControlError::FieldTooLong {
                field: shown(field.name()),
                found,
                most: limits.max_field_bytes,
            });
        }
    }
    // dpkg: "user-defined field name too short". The fields that it knows have longer names.
    match fields.iter().find(|field| field.name().len() < 2) {
        Some(field) => Err(ControlError::NameTooShort(field.name().to_owned())),
        None => Ok(()),
    }
}

/// Says whether other limits hold for a field: that of the whole control file for descriptions and lists, that of relations for
/// relations, of which Debian's own packages fill more than 64 KiB.
fn is_long_by_nature(field: &Field<'_>) -> bool {
    let is_relation = || RelationKind::ALL.iter().any(|kind| field.is(kind.field_name()));
    LONG.iter().any(|name| field.is(name)) || is_relation()
}

fn is_kept(field: &Field<'_>) -> bool {
    !DROPPED.iter().any(|name| field.is(name))
}

/// Returns the stanza as it goes into an index.
fn control(stanza: &Stanza<'_>) -> String {
    let mut text = String::new();
    for field in stanza.fields().iter().filter(|field| is_kept(field)) {
        text.push_str(field.name());
        text.push(':');
        text.push_str(field.raw());
        text.push('\n');
    }
    text
}

fn relations(
    stanza: &Stanza<'_>,
    limits: &Limits,
) -> Result<BTreeMap<RelationKind, Relations>, ControlError> {
    let mut all = BTreeMap::new();
    for kind in RelationKind::ALL {
        let field = kind.field_name();
        let Some(found) = stanza.get(field) else { continue };
        let relations = match limits.control_rules {
            ControlRules::Strict => Relations::parse(kind, found.raw()),
            ControlRules::AsDpkg => Relations::parse_of_others(kind, found.raw()),
        };
        let relations = relations.map_err(|source| ControlError::Relation { field, source })?;
        if found.first_line().is_empty() && !relations.0.is_empty() {
            return Err(ControlError::FirstLineEmpty(field));
        }
        check_relations(kind, &relations, limits)?;
        all.insert(kind, relations);
    }
    Ok(all)
}

/// Refuses what an index may not have, though each relation is well formed.
fn check_relations(kind: RelationKind, relations: &Relations, limits: &Limits) -> Result<(), ControlError> {
    // apt: "Problem parsing Provides line", and it refuses the whole index. It takes other fields empty.
    let is_of_index = limits.control_rules == ControlRules::Strict;
    if kind == RelationKind::Provides && relations.0.is_empty() && is_of_index {
        return Err(ControlError::ProvidesNothing);
    }
    if relations.0.iter().map(|group| group.0.len()).sum::<usize>() > limits.max_relations {
        return Err(ControlError::TooManyRelations(limits.max_relations));
    }
    let mut each = relations.0.iter().flat_map(|group| &group.0);
    let restricted =
        each.find(|relation| relation.is_restricted() || relation.qualifier == Some(ArchQualifier::Native));
    match restricted {
        Some(relation) => Err(ControlError::Restricted {
            field: kind.field_name(),
            relation: shown(&relation.to_string()),
        }),
        None => Ok(()),
    }
}
