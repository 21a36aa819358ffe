//! What searching and listing need of each package.

use std::collections::HashMap;
use std::ops::Range;

use debian_control::digest::Sha256;
use debian_control::stanza::Stanza;

/// How many numbers there are of each package.
const WORDS: usize = 10;
/// Most bytes of a description that are searched, besides its first line.
const MAX_DESCRIPTION: usize = 4 << 10;

/// What is known of all packages, in the order of the resolver's numbers.
///
/// It is kept as it stands in its files and read where it lies: opening it costs no more than reading those.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
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
    text: String,
}

/// What is known of one package without reading its stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact<'f> {
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
    /// The first line of `Description`.
    pub synopsis: &'f str,
    /// Its other lines, as far as they are searched.
    pub description: &'f str,
}

impl Facts {
    /// Returns how many packages there are.
    pub fn len(&self) -> usize {
        self.words.len() / (WORDS * 4)
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns what is known of a package.
    pub fn get(&self, place: usize) -> Option<Fact<'_>> {
        let [
            index,
            offset,
            high,
            length,
            start,
            name,
            version,
            synopsis,
            description,
            kind,
        ] = self.at::<WORDS>(&self.words, place)?;
        let mut end = start as usize;
        let mut text = |length: u32| {
            let start = end;
            end = start.saturating_add(length as usize);
            self.text.get(start..end).unwrap_or_default()
        };
        let (name, version, synopsis) = (text(name), text(version), text(synopsis));
        let description = text(description);
        Some(Fact {
            place,
            index: index as usize,
            offset: u64::from(offset) | u64::from(high) << 32,
            length: u64::from(length),
            name,
            version,
            synopsis,
            description,
            architecture: self.shared(kind as usize),
            section: self.shared(kind as usize + 1),
        })
    }

    fn shared(&self, number: usize) -> &str {
        let span = self.at::<2>(&self.shared, number);
        let [start, length] = span.unwrap_or_default().map(|word| word as usize);
        self.text
            .get(start..start.saturating_add(length))
            .unwrap_or_default()
    }

    /// Returns the further indexes that a package stands in with the same bytes, besides the one of its fact.
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
    pub fn by_name(&self) -> impl Iterator<Item = Fact<'_>> {
        self.ordered_from(0)
    }

    /// Returns the packages of a name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = Fact<'_>> {
        let start = first_where(self.by_name.len() / 4, |at| {
            self.ordered(at).is_some_and(|fact| fact.name >= name)
        });
        self.ordered_from(start).take_while(move |fact| fact.name == name)
    }

    fn ordered_from(&self, start: usize) -> impl Iterator<Item = Fact<'_>> {
        (start..self.by_name.len() / 4).map_while(|at| self.ordered(at))
    }

    fn ordered(&self, at: usize) -> Option<Fact<'_>> {
        let [place] = self.at::<1>(&self.by_name, at)?;
        self.get(place as usize)
    }

    /// Reads some numbers of a list that has so many to each place.
    fn at<const COUNT: usize>(&self, list: &Range<usize>, place: usize) -> Option<[u32; COUNT]> {
        let start = place.checked_mul(COUNT * 4)?;
        let bytes = self.numbers.get(list.clone())?.get(start..)?.get(..COUNT * 4)?;
        let mut words = bytes.as_chunks::<4>().0.iter();
        Some(std::array::from_fn(|_| {
            words.next().map_or(0, |word| u32::from_le_bytes(*word))
        }))
    }

    /// Returns the texts of all packages, in their order.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place of the package whose texts are at a byte of the text; texts that are shared belong to any.
    pub(super) fn place_at(&self, byte: usize) -> usize {
        let begins_after = |place| self.text_start(place).is_some_and(|start| start > byte);
        first_where(self.len(), begins_after).saturating_sub(1)
    }

    /// Returns where the texts of a package begin.
    pub(super) fn text_start(&self, place: usize) -> Option<usize> {
        let [_, _, _, _, start, ..] = self.at::<WORDS>(&self.words, place)?;
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
        Some(Self {
            words,
            by_name,
            also,
            shared,
            numbers,
            text: String::from_utf8(text).ok()?,
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

/// Gathers facts.
#[derive(Debug, Default)]
pub(super) struct Maker {
    words: Vec<u32>,
    also: Vec<[u32; 2]>,
    /// An architecture and a section, in turn.
    shared: Vec<[u32; 2]>,
    /// Where each pair of those is.
    kinds: HashMap<[String; 2], usize>,
    text: String,
    /// Where each name stands in the text.
    names: Vec<Range<usize>>,
    /// `SHA256` of each, where its stanza says one.
    digests: Vec<Option<Sha256>>,
}

impl Maker {
    /// Returns how many packages there are so far.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds the next package, whose stanza stands in `text` of an index.
    pub(super) fn add(&mut self, index: usize, text: &str, stanza: &Stanza<'_>) {
        self.digests.push(digest(stanza));
        let (offset, length) = extent(text, stanza);
        let value = |name| {
            stanza
                .get(name)
                .map(|field| field.first_line())
                .unwrap_or_default()
        };
        let kind = self.kind([value("Architecture"), value("Section")].map(str::to_owned));
        let start = self.text.len();
        let texts = ["Package", "Version", "Description"].map(value);
        self.names.push(start..start + texts[0].len());
        self.text.extend(texts);
        let described = self.text.len();
        let lines = stanza
            .get("Description")
            .into_iter()
            .flat_map(|field| field.continuation());
        for line in lines {
            if self.text.len() - described + line.len() > MAX_DESCRIPTION {
                break;
            }
            self.text.push(' ');
            self.text.push_str(line.trim());
        }
        let description = word((self.text.len() - described) as u64);
        let [name, version, synopsis] = texts.map(|text| word(text.len() as u64));
        self.words.extend([
            word(index as u64),
            word(offset),
            word(offset >> 32),
            word(length),
            word(start as u64),
            name,
            version,
            synopsis,
            description,
            word(kind as u64),
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

    /// Puts them in order.
    pub(super) fn finish(mut self) -> Facts {
        let name = |place: &u32| {
            let span = self.names.get(*place as usize).cloned();
            span.and_then(|span| self.text.get(span)).unwrap_or_default()
        };
        let mut by_name: Vec<u32> = (0..self.len())
            .filter_map(|place| u32::try_from(place).ok())
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
        Facts::from_parts(numbers, self.text.into_bytes()).unwrap_or_default()
    }
}

/// Returns the lower four bytes of a number.
fn word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

fn digest(stanza: &Stanza<'_>) -> Option<Sha256> {
    stanza.line("SHA256")?.parse().ok()
}

/// Returns where a stanza begins in the text that it was read from, and its length.
fn extent(text: &str, stanza: &Stanza<'_>) -> (u64, u64) {
    let (Some(first), Some(last)) = (stanza.fields().first(), stanza.fields().last()) else {
        return (0, 0);
    };
    let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let start = place(first.name());
    let end = place(last.raw()) + last.raw().len();
    (start as u64, (end - start) as u64)
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;

    /// Takes facts through what is kept of them.
    fn kept(maker: Maker) -> Facts {
        let facts = maker.finish();
        let (numbers, text) = facts.parts();
        Facts::from_parts(numbers.to_vec(), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn numbers_that_are_cut_are_none() {
        let mut maker = Maker::default();
        let text = "Package: a\nVersion: 2\n";
        maker.add(0, text, &Stanza::parse(text).unwrap());
        let facts = maker.finish();
        let numbers = facts.parts().0;
        for length in 0..numbers.len() {
            assert_eq!(Facts::from_parts(numbers[..length].to_vec(), Vec::new()), None);
        }
    }

    #[test]
    fn a_package_stands_in_a_further_index_only_with_the_same_bytes() {
        let stanza = |digit: char| {
            let sha256 = String::from(digit).repeat(64);
            format!("Package: a\nVersion: 1\nSHA256: {sha256}\n")
        };
        let mut maker = Maker::default();
        let (first, other) = (stanza('a'), stanza('b'));
        maker.add(0, &first, &Stanza::parse(&first).unwrap());
        maker.add_again(0, 2, &Stanza::parse(&first).unwrap());
        maker.add_again(0, 1, &Stanza::parse(&other).unwrap());
        let facts = kept(maker);
        assert_eq!(facts.further_indexes(0).collect::<Vec<_>>(), [2]);
        assert_eq!(facts.further_indexes(1).count(), 0);
    }

    #[test]
    fn a_stanza_is_found_where_it_stands() {
        let text = "Package: b\nVersion: 1\nDescription: two\n words\n\nPackage: a\nVersion: 2\nSection: net\nDescription: one\n";
        let mut maker = Maker::default();
        for stanza in StanzaReader::new(text) {
            maker.add(3, text, &stanza.unwrap());
        }
        let facts = kept(maker);
        let names: Vec<&str> = facts.by_name().map(|fact| fact.name).collect();
        assert_eq!(names, ["a", "b"]);
        let fact = facts.named("b").next().unwrap();
        assert_eq!(
            (fact.place, fact.index, fact.synopsis, fact.section),
            (0, 3, "two", "")
        );
        let (start, end) = (fact.offset as usize, (fact.offset + fact.length) as usize);
        assert_eq!(
            text[start..end].trim_end(),
            "Package: b\nVersion: 1\nDescription: two\n words"
        );
        assert_eq!(facts.named("c").count(), 0);
    }
}
