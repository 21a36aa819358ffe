//! What lists show of each name of a suite.

use std::collections::BTreeMap;

/// One name of a suite as lists show it: a line of fields between tabs, as [`Package::row`](crate::Package::row) writes it.
///
/// Two that are equal look alike in every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    line: &'a str,
    /// Where its tabs are: lists look into every row of a suite again and again.
    tabs: [u32; TABS],
}

/// How many tabs a row has.
const TABS: usize = 8;

impl<'a> Row<'a> {
    /// Reads a line; `None` for one that is no row.
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut tabs = [0; TABS];
        let mut found = memchr::memchr_iter(b'\t', line.as_bytes());
        for tab in &mut tabs {
            *tab = u32::try_from(found.next()?).ok()?;
        }
        let row = Self { line, tabs };
        let is_row = found.next().is_none()
            && !row.name().is_empty()
            && row.field(2).parse::<i64>().is_ok()
            && row.field(3).parse::<u64>().is_ok();
        is_row.then_some(row)
    }

    /// Returns the line.
    pub fn line(self) -> &'a str {
        self.line
    }

    fn field(self, at: usize) -> &'a str {
        let tab = |at: usize| self.tabs.get(at).map(|tab| *tab as usize);
        let begin = at.checked_sub(1).and_then(tab).map_or(0, |tab| tab + 1);
        let end = tab(at).unwrap_or(self.line.len());
        self.line
            .get(begin..end)
            .expect("tabs are in order, and of one byte")
    }

    /// Returns the name.
    pub fn name(self) -> &'a str {
        self.field(0)
    }

    /// Returns the newest version.
    pub(crate) fn version(self) -> &'a str {
        self.field(1)
    }

    /// Returns when the last of its builds came, in Unix seconds.
    pub(crate) fn added_at(self) -> i64 {
        self.field(2).parse().expect("`parse` looked at it")
    }

    /// Returns the bytes of its builds.
    pub(crate) fn size(self) -> u64 {
        self.field(3).parse().expect("`parse` looked at it")
    }

    /// Returns the section, which may be empty.
    pub(crate) fn section(self) -> &'a str {
        self.field(4)
    }

    /// Returns the first line of the description.
    pub(crate) fn summary(self) -> &'a str {
        self.field(5)
    }

    /// Returns the names without which it cannot be installed.
    pub(crate) fn needs(self) -> impl Iterator<Item = &'a str> {
        self.field(6).split_ascii_whitespace()
    }

    /// Returns the names of its other relations.
    pub(crate) fn mentions(self) -> impl Iterator<Item = &'a str> {
        self.field(7).split_ascii_whitespace()
    }

    /// Returns the words by which it is found.
    pub(crate) fn keys(self) -> impl Iterator<Item = &'a str> {
        self.field(8).split_ascii_whitespace()
    }
}

/// The rows of a suite, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows<'a>(Vec<Row<'a>>);

impl<'a> Rows<'a> {
    /// Takes rows in any order, each of a name of its own.
    pub fn new(mut rows: Vec<Row<'a>>) -> Self {
        rows.sort_by_key(|row| row.name());
        Self(rows)
    }

    /// Returns the row of a name.
    pub fn get(&self, name: &str) -> Option<Row<'a>> {
        let at = self.0.binary_search_by_key(&name, |row| row.name()).ok()?;
        self.0.get(at).copied()
    }

    /// Returns all of them, by name.
    pub fn all(&self) -> &[Row<'a>] {
        &self.0
    }

    /// Returns the rows with those of some names replaced, or left out.
    pub fn with(&self, changed: &BTreeMap<&str, Option<Row<'a>>>) -> Self {
        let kept = self.0.iter().filter(|row| !changed.contains_key(row.name()));
        let rows = kept.copied().chain(changed.values().copied().flatten());
        Self::new(rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_off_is_no_row() {
        let line = "a\t1\t5\t7\tlibs\tsummary\t b \t \t a ";
        let row = Row::parse(line).unwrap();
        assert_eq!((row.name(), row.added_at(), row.size()), ("a", 5, 7));
        assert_eq!(row.needs().collect::<Vec<_>>(), ["b"]);
        assert_eq!(Row::parse("a\t1\t5\t7\tlibs\tsummary"), None);
        assert_eq!(Row::parse("a\t1\tx\t7\tlibs\tsummary\t\t\t"), None);
    }

    #[test]
    fn rows_are_replaced_added_and_left_out_by_name() {
        let line = |name: &str| format!("{name}\t1\t5\t7\t\t\t\t\t");
        let lines = ["b", "a", "c"].map(line);
        let rows = Rows::new(lines.iter().map(|line| Row::parse(line).unwrap()).collect());
        let new = line("d");
        let changed = BTreeMap::from([("a", None), ("d", Row::parse(&new))]);
        let names: Vec<&str> = rows.with(&changed).all().iter().map(|row| row.name()).collect();
        assert_eq!(names, ["b", "c", "d"]);
        assert!(rows.get("a").is_some() && rows.with(&changed).get("a").is_none());
    }
}
