//! The stanzas of a Packages index, and of Translation-en. Source: the Debian wiki, DebianRepository/Format.

use std::fmt::Write as _;

use crate::architecture::Architecture;
use crate::digest::{Md5, Sha256, md5};
use crate::name::PackageName;
use crate::package::BinaryPackage;
use crate::stanza::{Field, Stanza};
use crate::version::Version;

/// What an index says of a package besides its control file.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// Path of the file, below what the client's entry names.
    pub filename: &'a str,
    /// Bytes of the file.
    pub size: u64,
    /// MD5 of the file, for old readers.
    pub md5: Option<Md5>,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// Stands in place of `Section`.
    pub section: Option<&'a str>,
    /// Stands in place of `Priority`.
    pub priority: Option<&'a str>,
    /// How much of the description the index has.
    pub description: DescriptionForm,
}

/// How much of a description an index has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptionForm {
    /// All of it.
    Full,
    /// The first line, and the digest by which the rest is found in a Translation file.
    Synopsis,
}

/// Returns the stanza of a package: `control`, a checked stanza, with its fields in their order, and then what the
/// index adds. It ends in a line break, without an empty line.
///
/// Values that stand in place of the package's own stand where that has them, else after all other fields.
pub fn render(control: &str, placement: &Placement<'_>) -> String {
    let mut text = String::with_capacity(control.len() + placement.filename.len() + 160);
    let overrides = [("Section", placement.section), ("Priority", placement.priority)];
    let synopsis = placement.description == DescriptionForm::Synopsis;
    if overrides.iter().all(|(_, value)| value.is_none()) && !synopsis {
        text.push_str(control);
    } else if let Ok(stanza) = Stanza::parse(control) {
        push_changed(&mut text, &stanza, &overrides, synopsis);
    }
    let mut add = |name: &str, value: &dyn std::fmt::Display| {
        writeln!(text, "{name}: {value}").expect("writing to a string");
    };
    add("Filename", &placement.filename);
    add("Size", &placement.size);
    if let Some(md5) = &placement.md5 {
        add("MD5sum", md5);
    }
    add("SHA256", &placement.sha256);
    text
}

/// Appends the fields with other values in place of some.
fn push_changed(text: &mut String, stanza: &Stanza<'_>, overrides: &[(&str, Option<&str>)], synopsis: bool) {
    for field in stanza.fields() {
        let wins = overrides
            .iter()
            .find(|(name, _)| field.is(name))
            .and_then(|(_, value)| *value);
        match wins {
            Some(value) => push_field(text, field.name(), &format!(" {value}")),
            None if synopsis && field.is("Description") => {
                push_field(text, field.name(), &format!(" {}", field.first_line()));
                push_field(text, "Description-md5", &format!(" {}", description_md5(field)));
            }
            None => push_field(text, field.name(), field.raw()),
        }
    }
    for (name, value) in overrides {
        if let (Some(value), None) = (value, stanza.get(name)) {
            push_field(text, name, &format!(" {value}"));
        }
    }
}

fn push_field(text: &mut String, name: &str, raw: &str) {
    text.push_str(name);
    text.push(':');
    text.push_str(raw);
    text.push('\n');
}

/// Returns the digest of a description: of its value as it is written, and a line break.
pub(crate) fn description_md5(field: &Field<'_>) -> Md5 {
    md5(format!("{}\n", field.raw().trim_start_matches([' ', '\t'])).as_bytes())
}

/// Returns the stanza of Translation-en for a package, which ends in a line break; `None` where it has no description.
pub fn translation_entry(package: &BinaryPackage) -> Option<String> {
    let stanza = package.stanza();
    let field = stanza.get("Description")?;
    let mut text = format!(
        "Package: {}\nDescription-md5: {}\n",
        package.name(),
        description_md5(field)
    );
    push_field(
        &mut text,
        "Description-en",
        &format!(" {}", field.raw().trim_start_matches([' ', '\t'])),
    );
    Some(text)
}

/// What a reader of an index needs of a stanza.
#[derive(Debug, Clone)]
pub struct IndexEntry<'a> {
    /// `Package`.
    pub name: PackageName,
    /// `Version`.
    pub version: Version,
    /// `Architecture`.
    pub architecture: Architecture,
    /// `Filename`.
    pub filename: &'a str,
    /// `Size`, in bytes.
    pub size: u64,
    /// `SHA256`.
    pub sha256: Sha256,
}

/// Why a stanza of an index cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
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
}

impl<'a> IndexEntry<'a> {
    /// Reads a stanza of a Packages index.
    pub fn from_stanza(stanza: &Stanza<'a>) -> Result<Self, EntryError> {
        Ok(Self {
            name: parsed(stanza, "Package")?,
            version: parsed(stanza, "Version")?,
            architecture: parsed(stanza, "Architecture")?,
            filename: stanza.line("Filename").ok_or(EntryError::Missing("Filename"))?,
            size: parsed(stanza, "Size")?,
            sha256: parsed(stanza, "SHA256")?,
        })
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    stanza: &Stanza<'_>,
    field: &'static str,
) -> Result<T, EntryError> {
    let value = stanza.line(field).ok_or(EntryError::Missing(field))?;
    value.parse().map_err(|error: T::Err| EntryError::Value {
        field,
        wrong: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const CONTROL: &str = "Package: hello\nSECTION: misc\nVersion: 1\nArchitecture: all\nDescription: short\n long\n .\n  verbatim\nX-Other:  kept \n";

    fn placement() -> Placement<'static> {
        Placement {
            filename: "pool/main/h/hello/hello_1_all.deb",
            size: 7,
            md5: None,
            sha256: Sha256::from_bytes([0xab; 32]),
            section: None,
            priority: None,
            description: DescriptionForm::Full,
        }
    }

    #[test]
    fn a_stanza_goes_out_as_it_came_in() {
        let text = render(CONTROL, &placement());
        let added = format!(
            "Filename: pool/main/h/hello/hello_1_all.deb\nSize: 7\nSHA256: {}\n",
            "ab".repeat(32)
        );
        assert_eq!(text, format!("{CONTROL}{added}"));
        let stanza = Stanza::parse(&text).unwrap();
        let entry = IndexEntry::from_stanza(&stanza).unwrap();
        assert_eq!((entry.name.as_str(), entry.size), ("hello", 7));
    }

    #[test]
    fn overrides_stand_in_the_place_of_the_packages_own() {
        let text = render(
            CONTROL,
            &Placement {
                section: Some("web"),
                priority: Some("extra"),
                ..placement()
            },
        );
        assert!(
            text.contains("\nSECTION: web\n") && !text.contains("misc"),
            "{text}"
        );
        assert!(
            text.contains("\nX-Other:  kept \nPriority: extra\nFilename:"),
            "{text}"
        );
    }

    #[test]
    fn a_translation_holds_what_the_synopsis_leaves_out() {
        let package = BinaryPackage::parse(CONTROL.as_bytes(), &Limits::default()).unwrap();
        let short = render(
            CONTROL,
            &Placement {
                description: DescriptionForm::Synopsis,
                ..placement()
            },
        );
        let digest = package.description_md5().unwrap();
        assert!(
            short.contains(&format!(
                "\nDescription: short\nDescription-md5: {digest}\nX-Other:"
            )),
            "{short}"
        );
        let entry = translation_entry(&package).unwrap();
        assert_eq!(
            entry,
            format!(
                "Package: hello\nDescription-md5: {digest}\nDescription-en: short\n long\n .\n  verbatim\n"
            )
        );
        assert_eq!(digest, md5(b"short\n long\n .\n  verbatim\n"));
    }
}
