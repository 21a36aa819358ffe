//! What searching and listing need of each package.

use debian_formats::digest::Sha256;
use debian_formats::stanza::Stanza;

/// How many numbers there are of each package.
const WORDS: usize = 14;

/// What is known of all packages, in the order of the resolver's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `WORDS` numbers for each package.
    words: Vec<u32>,
    /// The places of the packages, ordered by name.
    by_name: Vec<u32>,
    /// Packages that stand in further indexes: the place of each and the index, in order.
    also: Vec<[u32; 2]>,
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
}

impl Facts {
    /// Returns how many packages there are.
    pub fn len(&self) -> usize {
        self.words.len() / WORDS
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns what is known of a package.
    pub fn get(&self, place: usize) -> Option<Fact<'_>> {
        let words = self
            .words
            .get(place.checked_mul(WORDS)?..)?
            .first_chunk::<WORDS>()?;
        let [index, offset, length, high, spans @ ..] = *words;
        let mut texts = spans.as_chunks::<2>().0.iter().map(|[start, length]| {
            let start = *start as usize;
            self.text.get(start..start + *length as usize).unwrap_or_default()
        });
        let mut text = || texts.next().unwrap_or_default();
        Some(Fact {
            place,
            index: index as usize,
            offset: u64::from(offset) | u64::from(high) << 32,
            length: u64::from(length),
            name: text(),
            version: text(),
            architecture: text(),
            section: text(),
            synopsis: text(),
        })
    }

    /// Returns the further indexes that a package stands in with the same bytes, besides the one of its fact.
    pub fn further_indexes(&self, place: usize) -> impl Iterator<Item = usize> {
        let start = self.also.partition_point(|[first, _]| (*first as usize) < place);
        let rest = self.also.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |[first, _]| *first as usize == place)
            .map(|[_, index]| *index as usize)
    }

    /// Returns all packages, ordered by name.
    pub fn by_name(&self) -> impl Iterator<Item = Fact<'_>> {
        self.by_name.iter().filter_map(|place| self.get(*place as usize))
    }

    /// Returns the packages of a name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = Fact<'_>> {
        let start = self
            .by_name
            .partition_point(|place| self.get(*place as usize).is_some_and(|fact| fact.name < name));
        self.by_name
            .get(start..)
            .unwrap_or_default()
            .iter()
            .map_while(move |place| self.get(*place as usize).filter(|fact| fact.name == name))
    }

    /// Returns them as bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let also = self.also.as_flattened();
        let mut bytes = Vec::with_capacity(self.words.len() * 5 + self.text.len() + 24);
        for list in [self.words.as_slice(), &self.by_name, also] {
            bytes.extend_from_slice(&(list.len() as u64).to_le_bytes());
            for word in list {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// Reads them again.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        let mut list = || {
            let (count, after) = rest.split_first_chunk::<8>()?;
            let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
            let (words, after) = after.split_at_checked(count.checked_mul(4)?)?;
            rest = after;
            Some(
                words
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|word| u32::from_le_bytes(*word))
                    .collect::<Vec<u32>>(),
            )
        };
        let (words, by_name, also) = (list()?, list()?, list()?);
        let text = String::from_utf8(rest.to_vec()).ok()?;
        Some(Self {
            words,
            by_name,
            also: also.as_chunks::<2>().0.to_vec(),
            text,
        })
    }
}

/// Gathers facts.
#[derive(Debug, Default)]
pub(super) struct Maker {
    facts: Facts,
    /// `SHA256` of each, where its stanza says one.
    digests: Vec<Option<Sha256>>,
}

impl Maker {
    /// Returns how many packages there are so far.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// Adds the next package, whose stanza stands in `text` of an index.
    pub(super) fn add(&mut self, index: usize, text: &str, stanza: &Stanza<'_>) {
        self.digests.push(digest(stanza));
        let (offset, length) = extent(text, stanza);
        let word = |count: u64| u32::try_from(count & u64::from(u32::MAX)).unwrap_or_default();
        self.facts
            .words
            .extend([word(index as u64), word(offset), word(length), word(offset >> 32)]);
        for field in ["Package", "Version", "Architecture", "Section", "Description"] {
            let value = stanza
                .get(field)
                .map(|field| field.first_line())
                .unwrap_or_default();
            let start = self.facts.text.len();
            self.facts.text.push_str(value);
            self.facts
                .words
                .extend([word(start as u64), word(value.len() as u64)]);
        }
    }

    /// Adds that a package stands in a further index. One with other bytes is another package of the same name: it does not count.
    pub(super) fn add_again(&mut self, place: usize, index: usize, stanza: &Stanza<'_>) {
        let known = self.digests.get(place).copied().flatten();
        if known.is_some() && known == digest(stanza) {
            let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            self.facts.also.push([word(place), word(index)]);
        }
    }

    /// Puts them in order.
    pub(super) fn finish(self) -> Facts {
        let mut facts = self.facts;
        let mut by_name: Vec<u32> = (0..facts.len())
            .filter_map(|place| u32::try_from(place).ok())
            .collect();
        by_name.sort_by_key(|place| facts.get(*place as usize).map(|fact| fact.name));
        facts.by_name = by_name;
        facts.also.sort_unstable();
        facts
    }
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
    use debian_formats::stanza::StanzaReader;

    use super::*;

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
        let facts = Facts::from_bytes(maker.finish().to_bytes()).unwrap();
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
        let facts = Facts::from_bytes(maker.finish().to_bytes()).unwrap();
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
