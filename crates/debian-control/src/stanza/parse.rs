//! Reading the fields of one stanza, in one pass over its bytes.

use std::collections::HashSet;

use memchr::memchr;

use super::Stanza;
use super::error::{StanzaError, Wrong};
use super::field::Field;
use crate::name::shown;

/// How patient to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// One stanza from a stranger: nothing that two readers could take in two ways.
    Strict,
    /// A stanza of an index, as apt reads it: a line of blanks is more of the value before it, and control characters
    /// are text.
    Index,
}

/// What is wrong, and at which byte.
pub(super) struct StanzaFault {
    pub(super) at: usize,
    pub(super) wrong: Wrong,
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
        one(text, Rules::Strict)
    }

    /// Reads the text of one stanza of an index, or of dpkg's status, as a [`StanzaReader`](super::StanzaReader) reads it there: a
    /// line of blanks is more of the value before it, control characters are text, and lines may end in CR LF.
    ///
    /// # Errors
    /// At the first thing that is wrong, with the number of its line.
    pub fn of_index(text: &'a str) -> Result<Self, StanzaError> {
        one(text, Rules::Index)
    }
}

/// Says whether a field can have this name.
pub(crate) fn is_field_name(name: &str) -> bool {
    !name.starts_with(['#', '-']) && !name.is_empty() && name.bytes().all(is_name_byte)
}

/// Reads a text that is one stanza.
fn one(text: &str, rules: Rules) -> Result<Stanza<'_>, StanzaError> {
    // dpkg passes over empty lines before the stanza, and after it.
    let empty: &[char] = match rules {
        Rules::Strict => &['\n'],
        Rules::Index => &['\r', '\n'],
    };
    let start = text.len() - text.trim_start_matches(empty).len();
    let read = fields(text, start, rules).and_then(|(fields, end)| match text.get(end..) {
        _ if fields.is_empty() => Err(StanzaFault {
            at: 0,
            wrong: Wrong::Empty,
        }),
        Some(rest) if !rest.trim_start_matches(empty).is_empty() => Err(StanzaFault {
            at: end,
            wrong: Wrong::Second,
        }),
        _ => Ok(fields),
    });
    match read {
        Ok(fields) => Ok(Stanza { fields }),
        Err(StanzaFault { at, wrong }) => Err(StanzaError {
            line: 1 + line_breaks(text, 0, at),
            wrong,
        }),
    }
}

/// Counts the line breaks between two places.
pub(super) fn line_breaks(text: &str, from: usize, to: usize) -> usize {
    memchr::memchr_iter(
        b'\n',
        text.as_bytes()
            .get(from..to)
            .expect("places in a text are in order"),
    )
    .count()
}

/// Returns where the line that begins at `start` ends: at its line break, or at the end of the text.
pub(super) fn line_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).expect("a line begins in its text");
    memchr(b'\n', rest).map_or(bytes.len(), |length| start + length)
}

/// Says whether a line, given without its line break, separates stanzas: an empty one, carriage returns not counted.
pub(super) fn is_separator(line: &[u8]) -> bool {
    line.iter().all(|byte| *byte == b'\r')
}

/// Reads fields from `start` up to an empty line or the end, and returns the place of that.
pub(super) fn fields(text: &str, start: usize, rules: Rules) -> Result<(Vec<Field<'_>>, usize), StanzaFault> {
    let bytes = text.as_bytes();
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(24);
    // The field whose end is not known yet: where its name, its value and its last line end.
    let mut open: Option<(usize, usize, usize)> = None;
    let mut close = |(name, colon, end): (usize, usize, usize)| {
        let (name, raw) = (text.get(name..colon), text.get(colon + 1..end));
        fields.push(Field {
            name: name.expect("a colon, which is one byte, ends a name"),
            raw: raw.expect("a line break, which is one byte, ends a value"),
        });
    };
    let mut at = start;
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let line = bytes.get(at..end).expect("a line ends in its text");
        if rules == Rules::Strict {
            check_characters(line, at)?;
        }
        match line.first() {
            Some(b' ' | b'\t') => {
                if rules == Rules::Strict && line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                    return Err(StanzaFault {
                        at,
                        wrong: Wrong::Blank,
                    });
                }
                let Some((_, _, last)) = &mut open else {
                    return Err(StanzaFault {
                        at,
                        wrong: Wrong::Continuation,
                    });
                };
                *last = end;
            }
            _ if is_separator(line) => break,
            _ => {
                let colon = field_name(text, at, end)?;
                if let Some(field) = open.replace((at, colon, end)) {
                    close(field);
                }
            }
        }
        at = end + 1;
    }
    if let Some(field) = open {
        close(field);
    }
    match duplicate(&fields) {
        Some(field) => Err(StanzaFault {
            at: offset(text, field.name),
            wrong: Wrong::Twice(shown(field.name)),
        }),
        None => Ok((fields, at.min(bytes.len()))),
    }
}

/// Refuses control characters of ASCII, but for tabs. Those above ASCII are text: names that were encoded twice have
/// some, and dpkg and apt carry them.
fn check_characters(line: &[u8], start: usize) -> Result<(), StanzaFault> {
    match line
        .iter()
        .position(|byte| byte.is_ascii_control() && *byte != b'\t')
    {
        None => Ok(()),
        Some(at) => {
            let found = line.get(at).copied().unwrap_or_default();
            Err(StanzaFault {
                at: start + at,
                wrong: Wrong::Control(char::from(found)),
            })
        }
    }
}

/// Says whether a byte may stand in the name of a field: printable ASCII, and no colon.
pub(super) fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'!'..=b'9' | b';'..=b'~')
}

/// Returns where the colon after the field name is.
fn field_name(text: &str, start: usize, end: usize) -> Result<usize, StanzaFault> {
    let line = text.as_bytes().get(start..end).unwrap_or_default();
    let length = line
        .iter()
        .position(|byte| !is_name_byte(*byte))
        .unwrap_or(line.len());
    let is_right = length > 0 && !matches!(line.first(), Some(b'#' | b'-'));
    if is_right && line.get(length) == Some(&b':') {
        return Ok(start + length);
    }
    let line = text.get(start..end).unwrap_or_default();
    let wrong = match line.split_once(':') {
        Some((name, _)) => Wrong::FieldName(shown(name)),
        None => Wrong::NoColon(shown(line)),
    };
    Err(StanzaFault { at: start, wrong })
}

/// Up to so many fields, comparing each with each costs less than a table.
const FEW: usize = 32;

/// Returns the second of two fields with one name.
fn duplicate<'a, 'b>(fields: &'b [Field<'a>]) -> Option<&'b Field<'a>> {
    if fields.len() > FEW {
        let mut seen = HashSet::with_capacity(fields.len());
        return fields
            .iter()
            .find(|field| !seen.insert(field.name.to_ascii_lowercase()));
    }
    fields.iter().enumerate().find_map(|(at, field)| {
        let before = fields.get(..at).unwrap_or_default();
        before.iter().any(|other| other.is(field.name)).then_some(field)
    })
}

/// Returns where `part`, a slice of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}
