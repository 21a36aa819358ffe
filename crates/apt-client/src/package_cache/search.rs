//! Finding packages by words.

use std::collections::BTreeSet;

use super::descriptions::Descriptions;
use super::summaries::{PackageSummaries, PackageSummary};

/// What a hit has to be.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that all have to be there.
    pub words: Vec<String>,
    /// `Section`, with or without the component before it.
    pub section: Option<String>,
    /// `Architecture`.
    pub architecture: Option<String>,
    /// Whether words count in names only.
    pub names_only: bool,
}

/// A package that was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'f> {
    /// What is known of it.
    pub summary: PackageSummary<'f>,
    /// How well it fits; less is better.
    rank: u32,
}

impl<'s> Descriptions<'s> {
    /// Finds packages in all their versions, those that fit best first: the name itself, names that begin so, names that have it, then synopses,
    /// then what follows them.
    pub fn search(&self, filter: &Filter) -> Vec<Hit<'s>> {
        let words: Vec<Word> = filter.words.iter().map(|word| Word::new(word)).collect();
        let mut hits: Vec<Hit<'s>> = Vec::new();
        // What fits equally well comes in one order, whatever the indexes have first.
        let mut facts: Vec<PackageSummary<'s>> = self.candidates(&words);
        facts.sort_by_key(|summary| (summary.name, summary.architecture, summary.place));
        for summary in facts {
            if let Some(rank) = self.rank(&summary, &words, filter) {
                hits.push(Hit { summary, rank });
            }
        }
        hits.sort_by(|left, right| (left.rank, left.summary.name).cmp(&(right.rank, right.summary.name)));
        hits
    }

    /// Returns what may have all words, and little else: the texts of all packages are gone through as one.
    fn candidates(&self, words: &[Word]) -> Vec<PackageSummary<'s>> {
        let summaries = self.summaries;
        let longest = words.iter().max_by_key(|word| word.text.len());
        let Some(word) = longest.filter(|word| word.text.is_ascii() && !word.text.is_empty()) else {
            return summaries.by_name().collect();
        };
        let named = word.packages_in(summaries.text(), |at| {
            let place = summaries.place_at(at);
            (place, summaries.text_start(place + 1))
        });
        let described = word.packages_in(&self.text, |at| {
            let place = summaries.described_at(at);
            (place, summaries.description_start(place + 1))
        });
        let places: BTreeSet<usize> = named.into_iter().chain(described).collect();
        places
            .into_iter()
            .filter_map(|place| summaries.get(place))
            .collect()
    }

    fn rank(&self, summary: &PackageSummary<'_>, words: &[Word], filter: &Filter) -> Option<u32> {
        if filter
            .architecture
            .as_deref()
            .is_some_and(|wanted| wanted != summary.architecture)
        {
            return None;
        }
        if let Some(wanted) = &filter.section {
            let section = summary.section;
            let bare = section.rsplit_once('/').map_or(section, |(_, bare)| bare);
            (section == wanted || bare == wanted).then_some(())?;
        }
        let mut sum = 0;
        for word in words {
            sum += self.rank_word(summary, word, filter)?;
        }
        Some(sum)
    }

    fn rank_word(&self, summary: &PackageSummary<'_>, word: &Word, filter: &Filter) -> Option<u32> {
        // Names are in lower case. Source: Debian Policy 5.6.1.
        match word.in_names.find(summary.name.as_bytes()) {
            Some(0) if summary.name.len() == word.text.len() => return Some(0),
            Some(0) => return Some(1),
            Some(_) => return Some(2),
            None if filter.names_only => return None,
            None => {}
        }
        if word.is_in(self.synopsis(summary)) {
            return Some(4);
        }
        word.is_in(self.rest(summary)).then_some(5)
    }
}

impl PackageSummaries {
    /// Returns the names nearest to one that nobody has: at most `most`, within two letters.
    pub fn similar(&self, name: &str, most: usize) -> Vec<&str> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        let mut last = "";
        for summary in self.by_name() {
            if summary.name == last {
                continue;
            }
            last = summary.name;
            if let Some(distance) = distance_within(name, summary.name, 2) {
                found.push((distance, summary.name));
            }
        }
        found.sort_unstable();
        found.truncate(most);
        found.into_iter().map(|(_, name)| name).collect()
    }
}

/// A word that is looked for.
struct Word {
    /// In lower case.
    text: String,
    in_names: memchr::memmem::Finder<'static>,
    /// Where its rarest letter stands: texts are passed over by that.
    rare: usize,
}

/// Letters, the most frequent in English texts first; what is not here is rarer.
const FREQUENT: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";

impl Word {
    fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let rarity = |letter: &u8| FREQUENT.iter().position(|known| known == letter);
        let places = text.bytes().enumerate();
        let rarest = places.max_by_key(|(_, letter)| rarity(letter).unwrap_or(FREQUENT.len()));
        Self {
            rare: rarest.map_or(0, |(place, _)| place),
            in_names: memchr::memmem::Finder::new(&text).into_owned(),
            text,
        }
    }

    /// Says whether a text has it, whatever its case.
    fn is_in(&self, text: &str) -> bool {
        if self.text.is_ascii() && !self.text.is_empty() {
            self.places_in(text).next().is_some()
        } else {
            text.to_lowercase().contains(&self.text)
        }
    }

    /// Returns the places of the packages in whose part of a text it is. Of a byte `whose` says the place, and where the next one's part
    /// begins.
    fn packages_in(&self, text: &str, whose: impl Fn(usize) -> (usize, Option<usize>)) -> Vec<usize> {
        let mut places = Vec::new();
        let mut end = 0;
        for at in self.places_in(text) {
            // Once in the part of a package is as good as many times.
            if at >= end {
                let (place, next) = whose(at);
                end = next.unwrap_or(usize::MAX);
                places.push(place);
            }
        }
        places
    }

    /// Returns where a text has it, whatever its case; of a word of ASCII that is not empty.
    fn places_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = usize> + 't {
        let (word, text) = (self.text.as_bytes(), text.as_bytes());
        let rare = word.get(self.rare).copied().unwrap_or_default();
        memchr::memchr2_iter(rare, rare.to_ascii_uppercase(), text).filter_map(move |at| {
            let start = at.checked_sub(self.rare)?;
            let found = text.get(start..start + word.len())?;
            found.eq_ignore_ascii_case(word).then_some(start)
        })
    }
}

/// Returns how many letters differ between two names, when that is at most `most`.
fn distance_within(left: &str, right: &str, most: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.iter().enumerate() {
        let mut corner = line;
        let mut before = line + 1;
        let mut least = before;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let cost = (corner + usize::from(letter != other))
                .min(before + 1)
                .min(*cell + 1);
            corner = *cell;
            *cell = cost;
            before = cost;
            least = least.min(cost);
        }
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_near_by_the_letters_that_differ() {
        assert_eq!(distance_within("nginx", "ngnix", 2), Some(2));
        assert_eq!(distance_within("jq", "jq", 2), Some(0));
        assert_eq!(distance_within("git", "gitk", 2), Some(1));
        assert_eq!(distance_within("hello", "world", 2), None);
        assert_eq!(distance_within("", "abc", 2), None);
    }

    #[test]
    fn all_words_have_to_be_there_in_what_one_version_says() {
        let text = "Package: b-tool\nVersion: 1\nArchitecture: amd64\nDescription: makes Things\n of any kind\n\n\
            Package: b-tool\nVersion: 1\nArchitecture: all\nDescription: makes things\n\n\
            Package: b-tool\nVersion: 3\nArchitecture: amd64\nDescription: makes things\n\n\
            Package: things\nVersion: 1\nArchitecture: amd64\nSection: contrib/net\nDescription: none\n";
        let mut maker = super::super::summaries::SummaryBuilder::default();
        for stanza in debian_control::stanza::StanzaReader::new(text) {
            maker.add(0, text, &stanza.unwrap(), None);
        }
        let (summaries, text) = maker.finish();
        let descriptions = Descriptions::new(&summaries, text.into_bytes()).unwrap();
        let found = |words: &[&str]| {
            let filter = Filter {
                words: words.iter().map(|word| (*word).to_owned()).collect(),
                ..Filter::default()
            };
            let hits = descriptions.search(&filter);
            let shown = hits
                .iter()
                .map(|hit| format!("{} {}", hit.summary.name, hit.summary.version));
            shown.collect::<Vec<_>>()
        };
        let each = ["b-tool 1", "b-tool 1", "b-tool 3"];
        assert_eq!(found(&["things"]), [&["things 1"][..], &each].concat());
        assert_eq!(found(&["THINGS", "tool"]), each);
        assert_eq!(found(&["kind"]), ["b-tool 1"]);
        // What stands between two texts is in neither, nor are architectures and sections searched.
        for none in ["toolmakes", "things1", "amd64", "net"] {
            assert_eq!(found(&[none]), [""; 0], "{none}");
        }
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        for (text, word, found) in [
            ("small JSON processor", "json", true),
            ("JSO", "json", false),
            ("on", "json", false),
            ("a Text editoR", "Editor", true),
            ("", "x", false),
            ("x", "", true),
            ("Ärger", "ärger", true),
        ] {
            assert_eq!(Word::new(word).is_in(text), found, "{text} {word}");
        }
    }
}
