//! What packages say of themselves, for searching: most of what is kept, and read only where it is asked for.

use super::summaries::{CHECKED, DescriptionSpan, PackageSummaries, PackageSummary};

/// Most bytes of a description that are searched, besides its first line.
const MAX_DESCRIPTION: usize = 4 << 10;

/// The descriptions of all packages, in their order.
#[derive(Debug)]
pub struct Descriptions<'s> {
    pub(super) summaries: &'s PackageSummaries,
    pub(super) text: String,
}

impl<'s> Descriptions<'s> {
    /// Takes what was kept of them; `None` where it is not of these packages.
    pub(super) fn new(summaries: &'s PackageSummaries, text: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(text).ok()?;
        let is_sound = (0..summaries.len()).all(|place| {
            let summary = summaries.get(place);
            summary.is_some_and(|summary| summary.description.texts(&text).is_some())
        });
        is_sound.then_some(Self { summaries, text })
    }

    /// Returns the first line of `Description`.
    pub fn synopsis(&self, summary: &PackageSummary<'_>) -> &str {
        summary.description.texts(&self.text).expect(CHECKED).0
    }

    /// Returns its other lines, as far as they are searched.
    pub(super) fn rest(&self, summary: &PackageSummary<'_>) -> &str {
        summary.description.texts(&self.text).expect(CHECKED).1
    }
}

impl DescriptionSpan {
    /// Returns the first line, and what follows it.
    fn texts(self, all: &str) -> Option<(&str, &str)> {
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
