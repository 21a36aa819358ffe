//! What the site of a suite shows, as text that is kept from one publication to the next.

use crate::row::{Row, Rows};

/// The first word of the text, and the version of its form.
const MARK: &str = "archive-site 1";

/// What the site of a suite shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Revision of the suite.
    pub revision: i64,
    /// Digest of the settings; see [`Site::digest`](crate::Site::digest).
    pub settings: &'a str,
    /// Each name.
    pub rows: Rows<'a>,
}

/// A text that is no record: of another version of this program, or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a record of what the site shows")]
pub struct InvalidRecord;

impl<'a> Record<'a> {
    /// Reads what [`Record::render`] wrote.
    pub fn parse(text: &'a str) -> Result<Self, InvalidRecord> {
        // A text that lost its end is found by the count there.
        let (head, rest) = text.split_once('\n').ok_or(InvalidRecord)?;
        let head = head.strip_prefix(MARK).ok_or(InvalidRecord)?.trim_start();
        let (revision, settings) = head.split_once(' ').ok_or(InvalidRecord)?;
        let (lines, end) = rest.rsplit_once("end ").ok_or(InvalidRecord)?;
        let rows: Option<Vec<Row<'a>>> = lines.lines().map(Row::parse).collect();
        let rows = rows.ok_or(InvalidRecord)?;
        if end.trim_end().parse() != Ok(rows.len()) || !end.ends_with('\n') {
            return Err(InvalidRecord);
        }
        Ok(Self {
            revision: revision.parse().map_err(|_| InvalidRecord)?,
            settings,
            rows: Rows::new(rows),
        })
    }

    /// Returns the text.
    pub fn render(&self) -> String {
        let lines: usize = self.rows.all().iter().map(|row| row.line().len() + 1).sum();
        let mut text = String::with_capacity(lines + 200);
        text.push_str(&format!("{MARK} {} {}\n", self.revision, self.settings));
        for row in self.rows.all() {
            text.push_str(row.line());
            text.push('\n');
        }
        text.push_str(&format!("end {}\n", self.rows.all().len()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_cut_off_is_not() {
        let record = Record {
            revision: 7,
            settings: "abc",
            rows: Rows::new(vec![Row::parse("send \t1\t5\t7\t\tthe end 3\t\t\t").unwrap()]),
        };
        let text = record.render();
        assert_eq!(Record::parse(&text), Ok(record));
        for length in 0..text.len() {
            assert_eq!(Record::parse(&text[..length]), Err(InvalidRecord), "{length}");
        }
    }
}
