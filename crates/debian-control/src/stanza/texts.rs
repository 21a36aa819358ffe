//! Reading the stanzas of an index that comes in pieces.

use std::io::{self, BufRead};

use memchr::memchr;

use super::parse;

/// Reads the texts of stanzas from a stream, one at a time, for indexes that are larger than memory should hold.
///
/// Takes stanzas apart where [`StanzaReader`](super::StanzaReader) does. Ends after the first error.
#[derive(Debug)]
pub struct StanzaTexts<R> {
    reader: R,
    most: usize,
    line: usize,
    failed: bool,
}

/// Why no further stanza comes.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// The stream failed.
    #[error("cannot read line {line}")]
    Read {
        /// The line, counted from 1.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// A stanza is longer than it may be.
    #[error("the stanza at line {line} has more than {most} bytes")]
    TooLong {
        /// Its first line, counted from 1.
        line: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A stanza is no UTF-8.
    #[error("the stanza at line {line} is not UTF-8")]
    NotUtf8 {
        /// Its first line, counted from 1.
        line: usize,
    },
}

impl<R: BufRead> StanzaTexts<R> {
    /// Reads stanzas of at most `most` bytes from `reader`.
    pub fn new(reader: R, most: usize) -> Self {
        Self {
            reader,
            most,
            line: 1,
            failed: false,
        }
    }

    /// Returns the next stanza without the line break at its end, and the number of its first line.
    fn stanza(&mut self) -> Result<Option<(String, usize)>, TextsError> {
        let mut text = Vec::new();
        let mut first = self.line;
        loop {
            let start = text.len();
            let is_last = !self.read_line(&mut text, first)?;
            let line = text.get(start..).unwrap_or_default();
            let is_separator = parse::is_separator(line.strip_suffix(b"\n").unwrap_or(line));
            match (is_separator, start) {
                (true, 0) if !is_last => {
                    text.clear();
                    first = self.line;
                }
                (true, 0) => return Ok(None),
                (true, _) => {
                    text.truncate(start);
                    break;
                }
                (false, _) if is_last => break,
                (false, _) => {}
            }
        }
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        if text.len() > self.most {
            return Err(TextsError::TooLong {
                line: first,
                most: self.most,
            });
        }
        let text = String::from_utf8(text).map_err(|_| TextsError::NotUtf8 { line: first })?;
        Ok(Some((text, first)))
    }

    /// Appends the next line with its line break. Returns whether there was one: if not, the stream has ended.
    fn read_line(&mut self, text: &mut Vec<u8>, first: usize) -> Result<bool, TextsError> {
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(TextsError::Read {
                        line: self.line,
                        source,
                    });
                }
            };
            if available.is_empty() {
                return Ok(false);
            }
            let found = memchr(b'\n', available);
            let count = found.map_or(available.len(), |at| at + 1);
            // Room for its last line break and the line that separates it from the next.
            if text.len() + count > self.most.saturating_add(3) {
                return Err(TextsError::TooLong {
                    line: first,
                    most: self.most,
                });
            }
            text.extend_from_slice(available.get(..count).unwrap_or_default());
            self.reader.consume(count);
            if found.is_some() {
                self.line += 1;
                return Ok(true);
            }
        }
    }
}

impl<R: BufRead> Iterator for StanzaTexts<R> {
    type Item = Result<(String, usize), TextsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.stanza();
        self.failed = next.is_err();
        next.transpose()
    }
}
