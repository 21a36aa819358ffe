//! What listing and looking up need of each package.

use std::collections::HashMap;
use std::ops::Range;

use debian_control::digest::Sha256;
use debian_control::stanza::{Field, Stanza};

use super::description_text::{CHECKED, DescriptionSpan, DescriptionText};

/// How many numbers there are of each package.
const WORDS: usize = 14;

/// What is known of all packages, in the order of the resolver's numbers.
///
/// It is kept as it stands in its files and read where it lies: opening it costs no more than reading those.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageSummaries {
    /// Four lists of numbers of four bytes, little end first.
    numbers: Vec<u8>,
    /// `WORDS` numbers for each package.
    words: Range<usize>,
    /// The places of the packages, ordered by name.
    by_name: Range<usize>,
    /// Packages that stand in further indexes: the place of each and the index, in order.
    also: Range<usize>,
    /// Texts that many packages share: where each begins, and its length.
    shared: Range<usize>,
    /// Names, versions, and what is shared.
    text: String,
}

/// What is known of one package without reading its stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageSummary<'f> {
    /// Its place among all.
    pub place: usize,
    /// Which of the indexes its stanza is in.
    pub index: usize,
    /// Where that begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
    /// `Package`.
    pub name: &'f str,
    /// `Version`.
    pub version: &'f str,
    /// `Architecture`.
    pub architecture: &'f str,
    /// `Section`; empty where there is none.
    pub section: &'f str,
    /// Where its description is among all.
    pub(super) description: DescriptionSpan,
    /// Where its whole description stands, when that is in a `Translation-en`.
    pub translated: Option<TextSpan>,
}

/// Where a text stands in one of several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSpan {
    /// Which file.
    pub file: usize,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

/// The description of a package in a `Translation-en`, with what follows its first line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Translated<'t> {
    pub(super) span: TextSpan,
    pub(super) field: Field<'t>,
}

impl PackageSummaries {
    /// Returns how many packages there are.
    pub fn len(&self) -> usize {
        self.words.len() / (WORDS * 4)
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns what is known of a package.
    pub fn get(&self, place: usize) -> Option<PackageSummary<'_>> {
        let [
            index,
            offset,
            high,
            length,
            start,
            name,
            version,
            kind,
            described_at,
            synopsis,
            description,
            translation,
            translated_at,
            translated_length,
        ] = self.at::<WORDS>(&self.words, place)?;
        let mut end = start as usize;
        let mut text = |length: u32| {
            let start = end;
            end = start.saturating_add(length as usize);
            self.text.get(start..end).expect(CHECKED)
        };
        let (name, version) = (text(name), text(version));
        Some(PackageSummary {
            place,
            index: index as usize,
            offset: u64::from(offset) | u64::from(high) << 32,
            length: u64::from(length),
            name,
            version,
            description: DescriptionSpan {
                start: described_at as usize,
                synopsis: synopsis as usize,
                rest: description as usize,
            },
            architecture: self.shared(kind as usize),
            section: self.shared(kind as usize + 1),
            // Files count from one: 0 stands for no translation.
            translated: (translation as usize).checked_sub(1).map(|file| TextSpan {
                file,
                offset: u64::from(translated_at),
                length: u64::from(translated_length),
            }),
        })
    }

    fn shared(&self, number: usize) -> &str {
        let span = self.at::<2>(&self.shared, number).expect(CHECKED);
        let [start, length] = span.map(|word| word as usize);
        self.text.get(start..start.saturating_add(length)).expect(CHECKED)
    }

    /// Returns the further indexes that a package stands in with the same bytes, besides the one of its summary.
    pub fn further_indexes(&self, place: usize) -> impl Iterator<Item = usize> {
        let pair = move |at: usize| {
            let [first, index] = self.at::<2>(&self.also, at)?;
            Some((first as usize, index as usize))
        };
        let start = first_where(self.also.len() / 8, |at| {
            pair(at).is_some_and(|(first, _)| first >= place)
        });
        (start..)
            .map_while(pair)
            .take_while(move |(first, _)| *first == place)
            .map(|(_, index)| index)
    }

    /// Returns all packages, ordered by name.
    pub fn by_name(&self) -> impl Iterator<Item = PackageSummary<'_>> {
        self.ordered_from(0)
    }

    /// Returns the packages of a name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = PackageSummary<'_>> {
        let start = first_where(self.by_name.len() / 4, |at| {
            self.ordered(at).is_some_and(|summary| summary.name >= name)
        });
        self.ordered_from(start)
            .take_while(move |summary| summary.name == name)
    }

    /// Returns the packages whose names begin so, ordered by name.
    pub fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = PackageSummary<'_>> {
        let start = first_where(self.by_name.len() / 4, |at| {
            self.ordered(at).is_some_and(|summary| summary.name >= prefix)
        });
        self.ordered_from(start)
            .take_while(move |summary| summary.name.starts_with(prefix))
    }

    fn ordered_from(&self, start: usize) -> impl Iterator<Item = PackageSummary<'_>> {
        (start..self.by_name.len() / 4).map_while(|at| self.ordered(at))
    }

    fn ordered(&self, at: usize) -> Option<PackageSummary<'_>> {
        let [place] = self.at::<1>(&self.by_name, at)?;
        self.get(place as usize)
    }

    /// Reads some numbers of a list that has so many to each place.
    fn at<const COUNT: usize>(&self, list: &Range<usize>, place: usize) -> Option<[u32; COUNT]> {
        let start = place.checked_mul(COUNT * 4)?;
        let bytes = self.numbers.get(list.clone())?.get(start..)?.get(..COUNT * 4)?;
        let mut words = bytes.as_chunks::<4>().0.iter();
        Some(std::array::from_fn(|_| {
            let word = words.next().expect("so many bytes were cut off");
            u32::from_le_bytes(*word)
        }))
    }

    /// Returns the names and versions of all packages, in their order.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place of the package whose texts are at a byte of the text; texts that are shared belong to any.
    pub(super) fn place_at(&self, byte: usize) -> usize {
        self.last_before(byte, |place| self.text_start(place))
    }

    /// Returns the place of the package whose description is at a byte of all descriptions.
    pub(super) fn described_at(&self, byte: usize) -> usize {
        self.last_before(byte, |place| self.description_start(place))
    }

    fn last_before(&self, byte: usize, start: impl Fn(usize) -> Option<usize>) -> usize {
        let begins_after = |place| start(place).is_some_and(|start| start > byte);
        first_where(self.len(), begins_after).saturating_sub(1)
    }

    /// Returns where the texts of a package begin.
    pub(super) fn text_start(&self, place: usize) -> Option<usize> {
        let [_, _, _, _, start, ..] = self.at::<WORDS>(&self.words, place)?;
        Some(start as usize)
    }

    /// Returns where the description of a package begins.
    pub(super) fn description_start(&self, place: usize) -> Option<usize> {
        let [_, _, _, _, _, _, _, _, start, ..] = self.at::<WORDS>(&self.words, place)?;
        Some(start as usize)
    }

    /// Returns what its two files hold: the numbers, and the text.
    pub(super) fn parts(&self) -> (&[u8], &str) {
        (&self.numbers, &self.text)
    }

    /// Takes what two files hold.
    pub(super) fn from_parts(numbers: Vec<u8>, text: Vec<u8>) -> Option<Self> {
        let mut start = 0_usize;
        let mut list = || {
            let count = numbers.get(start..)?.first_chunk::<8>()?;
            let first = start + 8;
            let length = usize::try_from(u64::from_le_bytes(*count)).ok()?;
            start = first.checked_add(length)?;
            (start <= numbers.len()).then_some(first..start)
        };
        let (words, by_name, also, shared) = (list()?, list()?, list()?, list()?);
        let summaries = Self {
            words,
            by_name,
            also,
            shared,
            numbers,
            text: String::from_utf8(text).ok()?,
        };
        summaries.is_sound().then_some(summaries)
    }

    /// Says whether every number leads to a place that is there, so that reading needs no answer for where it does not.
    fn is_sound(&self) -> bool {
        let is_text = |start: u32, length: u32| {
            let end = (start as usize).checked_add(length as usize);
            end.is_some_and(|end| self.text.get(start as usize..end).is_some())
        };
        let count = self.len();
        let are_whole = [
            (&self.words, WORDS),
            (&self.by_name, 1),
            (&self.also, 2),
            (&self.shared, 2),
        ];
        let spans = self.shared.len() / 8;
        are_whole.iter().all(|(list, each)| list.len() % (each * 4) == 0)
            && (0..spans).all(|number| {
                let span = self.at::<2>(&self.shared, number);
                span.is_some_and(|[start, length]| is_text(start, length))
            })
            && (0..count).all(|place| {
                let words = self.at::<WORDS>(&self.words, place);
                words.is_some_and(|[_, _, _, _, start, texts @ ..]| {
                    let [name, version, kind, ..] = texts;
                    let are_texts = is_text(start, name) && is_text(start.saturating_add(name), version);
                    are_texts && (kind as usize) + 1 < spans
                })
            })
            && (0..self.by_name.len() / 4).all(|at| {
                let place = self.at::<1>(&self.by_name, at);
                place.is_some_and(|[place]| (place as usize) < count)
            })
    }
}

/// Returns the first of so many places from which on something holds.
fn first_where(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Gathers summaries.
#[derive(Debug, Default)]
pub(super) struct SummaryBuilder {
    words: Vec<u32>,
    also: Vec<[u32; 2]>,
    /// An architecture and a section, in turn.
    shared: Vec<[u32; 2]>,
    /// Where each pair of those is.
    kinds: HashMap<[String; 2], usize>,
    text: String,
    descriptions: DescriptionText,
    /// Where each name stands in the text.
    names: Vec<Range<usize>>,
    /// `SHA256` of each, where its stanza says one.
    digests: Vec<Option<Sha256>>,
}

impl SummaryBuilder {
    /// Returns how many packages there are so far.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds the next package, whose stanza stands in `text` of an index.
    pub(super) fn add(
        &mut self,
        index: usize,
        text: &str,
        stanza: &Stanza<'_>,
        translated: Option<Translated<'_>>,
    ) {
        self.digests.push(digest(stanza));
        let (offset, length) = extent(text, stanza);
        // A field that is left out reads as an empty one.
        let value = |name| stanza.get(name).map_or("", |field| field.first_line());
        let kind = self.kind([value("Architecture"), value("Section")].map(str::to_owned));
        let start = self.text.len();
        let texts = ["Package", "Version"].map(value);
        self.names.push(start..start + texts[0].len());
        self.text.extend(texts);
        let own = stanza.get("Description");
        let described_by = translated.as_ref().map(|translated| &translated.field).or(own);
        let description = self.descriptions.push(
            value("Description"),
            described_by.into_iter().flat_map(Field::continuation),
        );
        let [name, version] = texts.map(|text| word(text.len() as u64));
        self.words.extend([
            word(index as u64),
            word(offset),
            word(offset >> 32),
            word(length),
            word(start as u64),
            name,
            version,
            word(kind as u64),
            word(description.start as u64),
            word(description.synopsis as u64),
            word(description.rest as u64),
            word(translated.map_or(0, |translated| translated.span.file as u64 + 1)),
            word(translated.map_or(0, |translated| translated.span.offset)),
            word(translated.map_or(0, |translated| translated.span.length)),
        ]);
    }

    /// Returns where an architecture and a section are among what is shared.
    fn kind(&mut self, pair: [String; 2]) -> usize {
        if let Some(kind) = self.kinds.get(&pair) {
            return *kind;
        }
        let kind = self.shared.len();
        for text in &pair {
            self.shared
                .push([word(self.text.len() as u64), word(text.len() as u64)]);
            self.text.push_str(text);
        }
        self.kinds.insert(pair, kind);
        kind
    }

    /// Adds that a package stands in a further index. One with other bytes is another package.
    pub(super) fn add_again(&mut self, place: usize, index: usize, stanza: &Stanza<'_>) {
        let known = self.digests.get(place).copied().flatten();
        if known.is_some() && known == digest(stanza) {
            self.also.push([word(place as u64), word(index as u64)]);
        }
    }

    /// Puts them in order; returns the descriptions besides.
    pub(super) fn finish(mut self) -> (PackageSummaries, String) {
        let name = |place: &u32| {
            let span = self.names.get(*place as usize).cloned();
            span.and_then(|span| self.text.get(span))
                .expect("each package has its name in the text")
        };
        let mut by_name: Vec<u32> = (0..self.len())
            .map(|place| u32::try_from(place).expect("the resolver numbers packages by four bytes"))
            .collect();
        by_name.sort_by_key(|place| name(place));
        self.also.sort_unstable();
        let mut numbers = Vec::with_capacity((self.words.len() + by_name.len()) * 4 + 64);
        let (also, shared) = (self.also.as_flattened(), self.shared.as_flattened());
        for list in [self.words.as_slice(), &by_name, also, shared] {
            numbers.extend_from_slice(&(list.len() as u64 * 4).to_le_bytes());
            for word in list {
                numbers.extend_from_slice(&word.to_le_bytes());
            }
        }
        let summaries = PackageSummaries::from_parts(numbers, self.text.into_bytes());
        (
            summaries.expect("what is written here is what is read"),
            self.descriptions.into_text(),
        )
    }
}

/// Returns the lower four bytes of a number.
fn word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("the upper bytes were masked")
}

fn digest(stanza: &Stanza<'_>) -> Option<Sha256> {
    stanza.line("SHA256")?.parse().ok()
}

/// Returns where a stanza begins in the text that it was read from, and its length.
fn extent(text: &str, stanza: &Stanza<'_>) -> (u64, u64) {
    let fields = stanza.fields();
    let [first, last] = [fields.first(), fields.last()].map(|field| field.expect("a stanza has a field"));
    let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let start = place(first.name());
    let end = place(last.raw()) + last.raw().len();
    (start as u64, (end - start) as u64)
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;

    /// Takes summaries through what is kept of them.
    fn kept(maker: SummaryBuilder) -> PackageSummaries {
        let (summaries, _) = maker.finish();
        let (numbers, text) = summaries.parts();
        PackageSummaries::from_parts(numbers.to_vec(), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn numbers_that_are_cut_are_none() {
        let mut maker = SummaryBuilder::default();
        let text = "Package: a\nVersion: 2\n";
        maker.add(0, text, &Stanza::of_index(text).unwrap(), None);
        let (summaries, _) = maker.finish();
        let numbers = summaries.parts().0;
        for length in 0..numbers.len() {
            assert_eq!(
                PackageSummaries::from_parts(numbers[..length].to_vec(), Vec::new()),
                None
            );
        }
        // All numbers are there, and lead beyond the text.
        assert_eq!(PackageSummaries::from_parts(numbers.to_vec(), Vec::new()), None);
    }

    #[test]
    fn a_package_stands_in_a_further_index_only_with_the_same_bytes() {
        let stanza = |digit: char| {
            let sha256 = String::from(digit).repeat(64);
            format!("Package: a\nVersion: 1\nSHA256: {sha256}\n")
        };
        let mut maker = SummaryBuilder::default();
        let (first, other) = (stanza('a'), stanza('b'));
        maker.add(0, &first, &Stanza::of_index(&first).unwrap(), None);
        maker.add_again(0, 2, &Stanza::of_index(&first).unwrap());
        maker.add_again(0, 1, &Stanza::of_index(&other).unwrap());
        let summaries = kept(maker);
        assert_eq!(summaries.further_indexes(0).collect::<Vec<_>>(), [2]);
        assert_eq!(summaries.further_indexes(1).count(), 0);
    }

    #[test]
    fn a_stanza_is_found_where_it_stands() {
        let text = "Package: b\nVersion: 1\nDescription: two\n words\n\nPackage: a\nVersion: 2\nSection: net\nDescription: one\n";
        let mut maker = SummaryBuilder::default();
        for stanza in StanzaReader::new(text) {
            maker.add(3, text, &stanza.unwrap(), None);
        }
        let summaries = kept(maker);
        let names: Vec<&str> = summaries.by_name().map(|summary| summary.name).collect();
        assert_eq!(names, ["a", "b"]);
        let summary = summaries.named("b").next().unwrap();
        assert_eq!(
            (summary.place, summary.index, summary.version, summary.section),
            (0, 3, "1", "")
        );
        let (start, end) = (
            summary.offset as usize,
            (summary.offset + summary.length) as usize,
        );
        assert_eq!(
            text[start..end].trim_end(),
            "Package: b\nVersion: 1\nDescription: two\n words"
        );
        assert_eq!(summaries.named("c").count(), 0);
    }
}
