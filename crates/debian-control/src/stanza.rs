//! Stanzas: the paragraphs of fields that Debian's control files are made of. Source: Debian Policy 5.1, deb822(5).
//!
//! Reading keeps what was written: a field's value is a slice of the text, indentation and all, so that a stanza goes
//! out as it came in. There are two ways in: [`Stanza::parse`] takes one stanza and is as strict as what strangers
//! send asks for; [`StanzaReader`] and [`StanzaTexts`], which take a whole index, and [`Stanza::of_index`], which takes one stanza
//! of it, are as patient with it as apt is.

mod error;
mod field;
mod parse;
mod index_text;
mod reader;
mod texts;

pub use error::{StanzaError, Wrong};
pub use field::Field;
pub use index_text::index_text;
pub(crate) use parse::is_field_name;
pub use reader::StanzaReader;
pub use texts::{StanzaTexts, TextsError};

use field::BLANKS;

/// The fields of one stanza, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stanza<'a> {
    fields: Vec<Field<'a>>,
}

impl<'a> Stanza<'a> {
    /// Returns its fields.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// Returns the field of this name, in any case.
    pub fn get(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// Returns the first line of the field of this name, in any case.
    pub fn line(&self, name: &str) -> Option<&'a str> {
        self.get(name).map(Field::first_line)
    }
}

/// Returns the first line of a field of a text that was read as a stanza before.
pub(crate) fn find_line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.split('\n').filter(|line| !line.starts_with([' ', '\t']));
    let (_, raw) = lines.find_map(|line| {
        line.split_once(':')
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
    })?;
    Some(raw.trim_matches(BLANKS))
}

#[cfg(test)]
mod tests;
