//! Stanzas: the paragraphs of fields that Debian's control files are made of. Source: Debian Policy 5.1, deb822(5).
//!
//! Reading keeps what was written: a field's value is a slice of the text, indentation and all, so that a stanza goes
//! out as it came in.

use std::fmt;

use crate::name::shown;

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
    /// Too many fields.
    #[error("more than {0} fields")]
    Fields(usize),
}

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
        self.raw.trim_matches([' ', '\t', '\n'])
    }

    /// Returns the first line of the value, without blanks around it.
    pub fn first_line(&self) -> &'a str {
        self.raw
            .split('\n')
            .next()
            .unwrap_or_default()
            .trim_matches([' ', '\t'])
    }

    /// Returns the lines after the first, with their indentation.
    pub fn continuation(&self) -> impl Iterator<Item = &'a str> {
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

/// More fields than any stanza has; above it, finding duplicates would cost too much.
const MAX_FIELDS: usize = 1_000;

impl<'a> Stanza<'a> {
    /// Reads a text that is exactly one stanza, with or without a line break at its end.
    ///
    /// Strict: no empty lines inside or before it, no comments, no field twice, no control characters.
    pub fn parse(text: &'a str) -> Result<Self, StanzaError> {
        let body = text.trim_end_matches('\n');
        if body.is_empty() {
            return Err(StanzaError {
                line: 1,
                wrong: Wrong::Empty,
            });
        }
        Self::parse_lines(body, 1, Blanks::Refused)
    }

    fn parse_lines(text: &'a str, first_line: usize, blanks: Blanks) -> Result<Self, StanzaError> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut start = 0;
        for (at, line) in text.split('\n').enumerate() {
            let error = |wrong| StanzaError {
                line: first_line + at,
                wrong,
            };
            let end = start + line.len();
            if let Some(letter) = control_character(line) {
                return Err(error(Wrong::Control(letter)));
            }
            if line.starts_with([' ', '\t']) {
                if blanks == Blanks::Refused && line.trim_matches([' ', '\t']).is_empty() {
                    return Err(error(Wrong::Blank));
                }
                let Some(field) = fields.last_mut() else {
                    return Err(error(Wrong::Continuation));
                };
                // It goes on to the end of this line.
                let from = offset(text, field.raw);
                field.raw = text.get(from..end).unwrap_or_default();
            } else if line.is_empty() {
                return Err(error(Wrong::Second));
            } else {
                let Some((name, raw)) = line.split_once(':') else {
                    return Err(error(Wrong::NoColon(shown(line))));
                };
                if !is_field_name(name) {
                    return Err(error(Wrong::FieldName(shown(name))));
                }
                if fields.iter().any(|field| field.is(name)) {
                    return Err(error(Wrong::Twice(name.to_owned())));
                }
                if fields.len() == MAX_FIELDS {
                    return Err(error(Wrong::Fields(MAX_FIELDS)));
                }
                fields.push(Field { name, raw });
            }
            start = end + 1;
        }
        Ok(Self { fields })
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

/// What a line of blanks means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blanks {
    /// An error.
    Refused,
    /// More of the value before it, as apt takes it inside an index.
    Continuation,
}

/// Returns the first line of a field of a text that was read as a stanza before.
pub(crate) fn find_line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let fields = text
        .split('\n')
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'));
    fields
        .into_iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, raw)| raw.trim_matches([' ', '\t']))
}

/// Returns where `part`, a slice of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn control_character(line: &str) -> Option<char> {
    // The cheap test first: bytes from 0x80 on are no ASCII controls, and C1 controls begin with 0xc2.
    if !line
        .bytes()
        .any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f || byte == 0xc2)
    {
        return None;
    }
    line.chars().find(|letter| letter.is_control() && *letter != '\t')
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['#', '-'])
        && name.bytes().all(|byte| matches!(byte, b'!'..=b'9' | b';'..=b'~'))
}

/// Reads the stanzas of an index, one after the other.
#[derive(Debug, Clone)]
pub struct StanzaReader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> StanzaReader<'a> {
    /// Reads the stanzas of `text`, which are separated by empty lines.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// Returns the text of the next stanza, without the empty line after it, and its first line.
    pub fn next_text(&mut self) -> Option<(&'a str, usize)> {
        let breaks = self.rest.bytes().take_while(|byte| *byte == b'\n').count();
        self.rest = self.rest.get(breaks..).unwrap_or_default();
        self.line += breaks;
        if self.rest.is_empty() {
            return None;
        }
        let (text, rest) = match self.rest.find("\n\n") {
            Some(at) => self.rest.split_at(at),
            None => (self.rest.strip_suffix('\n').unwrap_or(self.rest), ""),
        };
        let line = self.line;
        self.line += text.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        Some((text, line))
    }
}

impl<'a> Iterator for StanzaReader<'a> {
    type Item = Result<Stanza<'a>, StanzaError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (text, line) = self.next_text()?;
        Some(Stanza::parse_lines(text, line, Blanks::Continuation))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong(text: &str) -> (usize, Wrong) {
        let error = Stanza::parse(text).unwrap_err();
        (error.line, error.wrong)
    }

    #[test]
    fn a_value_keeps_its_indentation_and_its_blanks() {
        let stanza = Stanza::parse("Package:a\nDescription: one\n  verbatim \n .\n\ttab\n").unwrap();
        assert_eq!(stanza.get("package").unwrap().raw(), "a");
        let description = stanza.get("DESCRIPTION").unwrap();
        assert_eq!(description.raw(), " one\n  verbatim \n .\n\ttab");
        assert_eq!(description.first_line(), "one");
        assert_eq!(
            description.continuation().collect::<Vec<_>>(),
            ["  verbatim ", " .", "\ttab"]
        );
    }

    #[test]
    fn every_rule_has_an_error_that_names_the_line() {
        assert_eq!(wrong(""), (1, Wrong::Empty));
        assert_eq!(wrong("\n\n"), (1, Wrong::Empty));
        assert_eq!(wrong("A: b\nno colon\n"), (2, Wrong::NoColon("no colon".into())));
        assert_eq!(wrong("A: b\n\nB: c\n"), (2, Wrong::Second));
        assert_eq!(wrong("A: b\n \t\nB: c\n"), (2, Wrong::Blank));
        assert_eq!(wrong(" A: b\n"), (1, Wrong::Continuation));
        assert_eq!(wrong("A: b\nB: c\na: d\n"), (3, Wrong::Twice("a".into())));
        assert_eq!(wrong("A: b\n# c: d\n"), (2, Wrong::FieldName("# c".into())));
        assert_eq!(wrong("A : b\n"), (1, Wrong::FieldName("A ".into())));
        assert_eq!(wrong(": b\n"), (1, Wrong::FieldName(String::new())));
        assert_eq!(wrong("-A: b\n"), (1, Wrong::FieldName("-A".into())));
        assert_eq!(wrong("\u{feff}A: b\n").0, 1);
        assert_eq!(wrong("A: b\rc\n"), (1, Wrong::Control('\r')));
        assert_eq!(wrong("A: b\nB: \0\n"), (2, Wrong::Control('\0')));
        assert_eq!(wrong("A: \u{9b}2J\n"), (1, Wrong::Control('\u{9b}')));
    }

    #[test]
    fn an_index_is_read_stanza_by_stanza() {
        let text = "\nA: 1\nB:\n x\n\n\nA: 2\n \nC: 3\n\nbad\n\nA: 4";
        let stanzas: Vec<_> = StanzaReader::new(text).collect();
        assert_eq!(stanzas.len(), 4);
        assert_eq!(stanzas[0].as_ref().unwrap().get("B").unwrap().raw(), "\n x");
        assert_eq!(stanzas[1].as_ref().unwrap().fields().len(), 2);
        assert_eq!(stanzas[2].as_ref().unwrap_err().line, 11);
        assert_eq!(stanzas[3].as_ref().unwrap().line("A"), Some("4"));
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_again(
            fields in prop::collection::btree_map("[A-Z][A-Za-z0-9-]{0,8}", "[ -~äé]{0,20}(\n [!-~][ -~]{0,20}){0,3}", 1..8)
        ) {
            let text: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            if let Ok(stanza) = Stanza::parse(&text) {
                let written: String = stanza.fields().iter().map(|field| format!("{}:{}\n", field.name(), field.raw())).collect();
                prop_assert_eq!(written, text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "([A-Z]:|[ \t\n]|\\PC){0,60}") {
            let _ = Stanza::parse(&text);
            for stanza in StanzaReader::new(&text) {
                let _ = stanza;
            }
        }
    }
}
