//! What lists show of each name of a suite.

/// One name of a suite as lists show it: a line of fields between tabs, as `Package::row` writes it.
///
/// Two that are equal look alike in every list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    line: String,
    /// Where its tabs are.
    tabs: [u32; TABS],
}

/// How many tabs a row has.
const TABS: usize = 8;

impl Row {
    /// Reads a line; `None` for one that is no row.
    pub fn parse(line: impl Into<String>) -> Option<Self> {
        let line = line.into();
        let mut tabs = [0; TABS];
        let mut found = memchr::memchr_iter(b'\t', line.as_bytes());
        for tab in &mut tabs {
            *tab = u32::try_from(found.next()?).ok()?;
        }
        let is_end = found.next().is_none();
        let row = Self { line, tabs };
        let is_row = is_end
            && !row.name().is_empty()
            && row.field(2).parse::<i64>().is_ok()
            && row.field(3).parse::<u64>().is_ok();
        is_row.then_some(row)
    }

    /// Returns the line.
    pub fn line(&self) -> &str {
        &self.line
    }

    fn field(&self, at: usize) -> &str {
        let tab = |at: usize| self.tabs.get(at).map(|tab| *tab as usize);
        let begin = at.checked_sub(1).and_then(tab).map_or(0, |tab| tab + 1);
        let end = tab(at).unwrap_or(self.line.len());
        self.line
            .get(begin..end)
            .expect("tabs are in order, and of one byte")
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        self.field(0)
    }

    /// Returns the newest version.
    pub(crate) fn version(&self) -> &str {
        self.field(1)
    }

    /// Returns when the last of its builds came, in Unix seconds.
    pub(crate) fn added_at(&self) -> i64 {
        self.field(2).parse().expect("`parse` looked at it")
    }

    /// Returns the bytes of its builds.
    pub(crate) fn size(&self) -> u64 {
        self.field(3).parse().expect("`parse` looked at it")
    }

    /// Returns the section, which may be empty.
    pub(crate) fn section(&self) -> &str {
        self.field(4)
    }

    /// Returns the first line of the description.
    pub(crate) fn summary(&self) -> &str {
        self.field(5)
    }

    /// Returns the names without which it cannot be installed.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        self.field(6).split_ascii_whitespace()
    }

    /// Returns the names of its other relations.
    pub(crate) fn mentions(&self) -> impl Iterator<Item = &str> {
        self.field(7).split_ascii_whitespace()
    }

    /// Returns the words by which it is found.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.field(8).split_ascii_whitespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_off_is_no_row() {
        let row = Row::parse("a\t1\t5\t7\tlibs\tsummary\t b \t \t a ").unwrap();
        assert_eq!((row.name(), row.added_at(), row.size()), ("a", 5, 7));
        assert_eq!(row.needs().collect::<Vec<_>>(), ["b"]);
        assert_eq!(Row::parse("a\t1\t5\t7\tlibs\tsummary"), None);
        assert_eq!(Row::parse("a\t1\tx\t7\tlibs\tsummary\t\t\t"), None);
    }
}
