//! One field of a stanza: its name, and everything after its colon.

use std::fmt;

/// Blanks as they may stand around values. A carriage return is one in an index with the line ends of another system.
pub(super) const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// One field of a stanza.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) raw: &'a str,
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
