//! What packages say of themselves, for searching: most of what is kept, and read only where it is asked for.

use super::description_text::CHECKED;
use super::summaries::{PackageSummaries, PackageSummary};

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
