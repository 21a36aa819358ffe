//! The stanzas of a Packages index, and of Translation-en. Source: the Debian wiki, DebianRepository/Format.

use crate::architecture::Architecture;
use crate::description::{description_md5, synopsis_of};
use crate::digest::{Md5, Sha256};
use crate::name::PackageName;
use crate::package::BinaryPackage;
use crate::stanza::{Field, Stanza, StanzaError};
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
    /// SHA-256 of the file; `None` only where another digest was asked for in its place.
    pub sha256: Option<Sha256>,
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
/// Values that stand in place of the package's own stand where that has them, else after all other fields. No value
/// makes a field of its own: what would end a line in one is written as a blank. `Multi-Arch` is in lower case.
///
/// # Errors
/// When values are to stand in place of others and `control` cannot be read: it is not what was checked.
pub fn render(control: &str, placement: &Placement<'_>) -> Result<String, StanzaError> {
    let mut text = String::with_capacity(control.len() + placement.filename.len() + 160);
    let overrides = [("Section", placement.section), ("Priority", placement.priority)];
    let synopsis = placement.description == DescriptionForm::Synopsis;
    let is_changed =
        synopsis || overrides.iter().any(|(_, value)| value.is_some()) || has_multi_arch_in_capitals(control);
    if is_changed {
        push_changed(&mut text, &Stanza::parse(control)?, &overrides, synopsis);
    } else {
        text.push_str(control);
    }
    push_line(&mut text, "Filename", placement.filename);
    push_line(&mut text, "Size", &placement.size.to_string());
    if let Some(md5) = &placement.md5 {
        push_line(&mut text, "MD5sum", &md5.to_string());
    }
    if let Some(sha256) = &placement.sha256 {
        push_line(&mut text, "SHA256", &sha256.to_string());
    }
    Ok(text)
}

/// A field whose words dpkg reads in any case, and apt in lower case only: it ignores others, and warns about them at each update.
const MULTI_ARCH: &str = "Multi-Arch";

fn has_multi_arch_in_capitals(control: &str) -> bool {
    control.lines().any(|line| {
        let field = line.split_once(':');
        field.is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case(MULTI_ARCH) && value.bytes().any(|byte| byte.is_ascii_uppercase())
        })
    })
}

/// Appends the fields with other values in place of some.
fn push_changed(text: &mut String, stanza: &Stanza<'_>, overrides: &[(&str, Option<&str>)], synopsis: bool) {
    for field in stanza.fields() {
        let wins = overrides
            .iter()
            .find(|(name, _)| field.is(name))
            .and_then(|(_, value)| *value);
        if let Some(value) = wins {
            push_line(text, field.name(), value);
        } else if synopsis && field.is("Description") {
            push_synopsis(text, field);
        } else if field.is(MULTI_ARCH) {
            push_field(text, field.name(), &field.raw().to_ascii_lowercase());
        } else {
            push_field(text, field.name(), field.raw());
        }
    }
    for (name, value) in overrides {
        if let (Some(value), None) = (value, stanza.get(name)) {
            push_line(text, name, value);
        }
    }
}

/// Appends what stands in place of a whole description.
fn push_synopsis(text: &mut String, field: &Field<'_>) {
    push_line(text, field.name(), synopsis_of(field));
    if let Some(md5) = description_md5(field) {
        push_line(text, "Description-md5", &md5.to_string());
    }
}

fn push_field(text: &mut String, name: &str, raw: &str) {
    text.push_str(name);
    text.push(':');
    text.push_str(raw);
    text.push('\n');
}

/// Appends a field of one line.
fn push_line(text: &mut String, name: &str, value: &str) {
    push_field(text, name, &format!(" {}", one_line(value)));
}

/// Returns a value as it can stand in one line: no control characters but tabs, no blanks around it.
pub(crate) fn one_line(value: &str) -> String {
    let is_control = |letter: char| letter.is_ascii_control() && letter != '\t';
    value
        .replace(is_control, " ")
        .trim_matches([' ', '\t'])
        .to_owned()
}

/// The stanza of Translation-en for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslationStanza {
    /// The digest by which an index names the description.
    pub md5: Md5,
    /// The stanza, which ends in a line break, without an empty line.
    pub text: String,
}

impl TranslationStanza {
    /// Makes it of a checked stanza; `None` where that has no description.
    pub fn of_control(control: &str) -> Option<Self> {
        let stanza = Stanza::parse(control).ok()?;
        let description = stanza.get("Description")?;
        let md5 = description_md5(description)?;
        let mut text = String::new();
        push_line(&mut text, "Package", stanza.line("Package")?);
        push_line(&mut text, "Description-md5", &md5.to_string());
        push_field(&mut text, "Description-en", &format!(" {}", description.value()));
        Some(Self { md5, text })
    }
}

/// Returns the stanza of Translation-en for a package, which ends in a line break; `None` where it has no description.
pub fn translation_entry(package: &BinaryPackage) -> Option<String> {
    TranslationStanza::of_control(package.control()).map(|translation| translation.text)
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
            filename: line(stanza, "Filename")?,
            size: parsed(stanza, "Size")?,
            sha256: parsed(stanza, "SHA256")?,
        })
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    stanza: &Stanza<'_>,
    field: &'static str,
) -> Result<T, EntryError> {
    let value = line(stanza, field)?;
    value.parse().map_err(|error: T::Err| EntryError::Value {
        field,
        wrong: error.to_string(),
    })
}

fn line<'a>(stanza: &Stanza<'a>, field: &'static str) -> Result<&'a str, EntryError> {
    let value = stanza.line(field).filter(|value| !value.is_empty());
    value.ok_or(EntryError::Missing(field))
}

#[cfg(test)]
mod tests;
