//! The lines of a message, with where they stand.

use super::error::{EnvelopeError, EnvelopeFault};
use crate::name::shown;

/// One line, without its end.
pub(super) struct EnvelopeLine<'a> {
    /// The number, counted from 1.
    number: usize,
    /// Where it begins in the message.
    pub(super) start: usize,
    /// Its text.
    pub(super) text: &'a [u8],
}

impl EnvelopeLine<'_> {
    pub(super) fn error(&self, wrong: EnvelopeFault) -> EnvelopeError {
        EnvelopeError {
            line: self.number,
            wrong,
        }
    }

    pub(super) fn shown(&self) -> String {
        shown(&String::from_utf8_lossy(self.text))
    }
}

/// Takes a message apart into lines that end in LF or CR LF.
pub(super) struct EnvelopeLines<'a> {
    whole: &'a [u8],
    next: usize,
    number: usize,
}

impl<'a> EnvelopeLines<'a> {
    pub(super) fn new(whole: &'a [u8]) -> Self {
        Self {
            whole,
            next: 0,
            number: 0,
        }
    }

    /// Returns the next line; `None` when the last one has been returned.
    pub(super) fn next(&mut self) -> Result<Option<EnvelopeLine<'a>>, EnvelopeError> {
        let start = self.next;
        let rest = self.whole.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.next = start + end + 1;
        let text = rest.get(..end).unwrap_or_default();
        let line = EnvelopeLine {
            number: self.number,
            start,
            text: text.strip_suffix(b"\r").unwrap_or(text),
        };
        match control_character(line.text) {
            Some(found) => Err(line.error(EnvelopeFault::Control(found))),
            None => Ok(Some(line)),
        }
    }

    /// Returns the next line, where there must be one because `missing` has not come yet.
    pub(super) fn expect(&mut self, missing: &'static str) -> Result<EnvelopeLine<'a>, EnvelopeError> {
        let line = self.next()?;
        line.ok_or(EnvelopeError {
            line: self.number + 1,
            wrong: EnvelopeFault::Ended(missing),
        })
    }
}

/// Returns the first control character of ASCII but tab.
pub(super) fn control_character(line: &[u8]) -> Option<char> {
    let mut bytes = line.iter();
    let found = bytes.find(|byte| byte.is_ascii_control() && **byte != b'\t');
    found.map(|byte| char::from(*byte))
}
