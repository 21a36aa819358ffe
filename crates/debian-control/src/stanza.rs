//! Stanzas: the paragraphs of fields that Debian's control files are made of. Source: Debian Policy 5.1, deb822(5).
//!
//! Reading keeps what was written: a field's value is a slice of the text, indentation and all, so that a stanza goes
//! out as it came in. There are two ways in: [`Stanza::parse`] takes one stanza and is as strict as what strangers
//! send asks for, [`StanzaReader`] and [`StanzaTexts`] take a whole index and are as patient with it as apt is.

mod error;
mod parse;
mod index_text;
mod reader;
mod texts;

use std::fmt;

pub use error::{StanzaError, Wrong};
pub use index_text::index_text;
pub use reader::StanzaReader;
pub use texts::{StanzaTexts, TextsError};

/// Blanks as they may stand around values. A carriage return is one in an index with the line ends of another system.
const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// One field of a stanza.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a str,
    raw: &'a str,
}

impl<'a> Field<'a> {
    /// Returns its name as it was written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns everything after the colon, without the last line break.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Returns the value without blanks around it; further lines keep their indentation.
    pub fn value(&self) -> &'a str {
        self.raw
            .trim_matches(|letter| letter == '\n' || BLANKS.contains(&letter))
    }

    /// Returns the first line of the value, without blanks around it.
    pub fn first_line(&self) -> &'a str {
        self.raw
            .split('\n')
            .next()
            .unwrap_or_default()
            .trim_matches(BLANKS)
    }

    /// Returns all lines of the value, the first one without the blanks around it, the others as they are.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        std::iter::once(self.first_line()).chain(self.continuation())
    }

    /// Returns the lines after the first, with their indentation.
    pub fn continuation(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.raw.split('\n').skip(1)
    }

    /// Says whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{:?}", self.name, self.raw)
    }
}

/// The fields of one stanza, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stanza<'a> {
    fields: Vec<Field<'a>>,
}

impl<'a> Stanza<'a> {
    /// Reads a text that is exactly one stanza, with or without line breaks before it and after it.
    ///
    /// Strict: no empty lines inside, no lines of blanks, no comments, no field twice in whatever case, no control
    /// characters of ASCII but tab. Takes time in proportion to the length of `text`.
    ///
    /// ```
    /// use debian_control::stanza::Stanza;
    ///
    /// let stanza = Stanza::parse("Package: hello\nDescription: greets\n  verbatim\n")?;
    /// assert_eq!(stanza.line("package"), Some("hello"));
    /// assert_eq!(stanza.get("Description").map(|field| field.raw()), Some(" greets\n  verbatim"));
    /// # Ok::<(), debian_control::stanza::StanzaError>(())
    /// ```
    ///
    /// # Errors
    /// At the first thing that is wrong, with the number of its line.
    pub fn parse(text: &'a str) -> Result<Self, StanzaError> {
        parse::one(text)
    }

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

/// Says whether a field can have this name.
pub(crate) fn is_field_name(name: &str) -> bool {
    !name.starts_with(['#', '-']) && !name.is_empty() && name.bytes().all(parse::is_name_byte)
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
