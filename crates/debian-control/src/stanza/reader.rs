//! Reading the stanzas of an index that is in memory.

use super::parse::{self, Rules};
use super::{Stanza, StanzaError};

/// Reads the stanzas of an index, one after the other.
///
/// As apt reads it: stanzas are separated by empty lines, a line of blanks is more of the value before it, lines may
/// end in CR LF. A stanza that cannot be read is an error, and the next one is read after it.
///
/// ```
/// use debian_control::stanza::StanzaReader;
///
/// let index = "Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n";
/// let names: Vec<_> = StanzaReader::new(index).map(|stanza| stanza.map(|stanza| stanza.line("Package"))).collect();
/// assert_eq!(names, [Ok(Some("a")), Ok(Some("b"))]);
/// ```
#[derive(Debug, Clone)]
pub struct StanzaReader<'a> {
    text: &'a str,
    /// Where to read on.
    at: usize,
    /// A place, and the number of its line: lines are only counted when somebody asks, and each one once.
    counted: (usize, usize),
}

impl<'a> StanzaReader<'a> {
    /// Reads the stanzas of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            counted: (0, 1),
        }
    }

    /// Returns the text of the next stanza, without the line break at its end, and the number of its first line. Looks
    /// at nothing but line breaks.
    pub fn next_text(&mut self) -> Option<(&'a str, usize)> {
        let start = self.next_start()?;
        let line = self.line(start);
        let end = self.separator(start);
        self.at = end;
        let text = self.text.get(start..end).expect("lines end after whole letters");
        Some((text.strip_suffix('\n').unwrap_or(text), line))
    }

    /// Returns where the next stanza begins.
    fn next_start(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        loop {
            if at >= bytes.len() {
                return None;
            }
            let end = parse::line_end(bytes, at);
            if !parse::is_separator(bytes.get(at..end).unwrap_or_default()) {
                return Some(at);
            }
            at = end + 1;
        }
    }

    /// Returns where the empty line after `start` is, or the end.
    fn separator(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < bytes.len() {
            let end = parse::line_end(bytes, at);
            if parse::is_separator(bytes.get(at..end).unwrap_or_default()) {
                return at;
            }
            at = end + 1;
        }
        bytes.len()
    }

    /// Returns the number of the line at a place that is not before the last one asked for.
    fn line(&mut self, at: usize) -> usize {
        let (from, line) = self.counted;
        self.counted = (at, line + parse::line_breaks(self.text, from, at));
        self.counted.1
    }
}

impl<'a> Iterator for StanzaReader<'a> {
    type Item = Result<Stanza<'a>, StanzaError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next_start()?;
        Some(match parse::fields(self.text, start, Rules::Index) {
            Ok((fields, end)) => {
                self.at = end;
                Ok(Stanza { fields })
            }
            Err(fault) => {
                let line = self.line(fault.at);
                self.at = self.separator(fault.at);
                Err(StanzaError {
                    line,
                    wrong: fault.wrong,
                })
            }
        })
    }
}
