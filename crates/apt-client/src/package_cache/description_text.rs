//! The text of all descriptions, and where in it each one stands.

/// Most bytes of a description that are searched, besides its first line.
const MAX_DESCRIPTION: usize = 4 << 10;
/// Why reading needs no answer for numbers that lead nowhere.
pub(super) const CHECKED: &str = "every number was checked when the summaries were opened";

/// Where the description of a package stands among those of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DescriptionSpan {
    pub(super) start: usize,
    /// Bytes of the first line.
    pub(super) synopsis: usize,
    /// Bytes of what follows it.
    pub(super) rest: usize,
}

impl DescriptionSpan {
    /// Returns the first line, and what follows it.
    pub(super) fn texts(self, all: &str) -> Option<(&str, &str)> {
        let middle = self.start.checked_add(self.synopsis)?;
        let end = middle.checked_add(self.rest)?;
        Some((all.get(self.start..middle)?, all.get(middle..end)?))
    }
}

/// Gathers descriptions.
#[derive(Debug, Default)]
pub(super) struct DescriptionText(String);

impl DescriptionText {
    /// Adds the first line of one, and the others.
    pub(super) fn push<'t>(
        &mut self,
        synopsis: &str,
        lines: impl Iterator<Item = &'t str>,
    ) -> DescriptionSpan {
        let Self(text) = self;
        let start = text.len();
        text.push_str(synopsis);
        let middle = text.len();
        for line in lines {
            if text.len() - middle + line.len() > MAX_DESCRIPTION {
                break;
            }
            text.push(' ');
            text.push_str(line.trim());
        }
        DescriptionSpan {
            start,
            synopsis: middle - start,
            rest: text.len() - middle,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}
