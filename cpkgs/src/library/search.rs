//! Finding packages by words.

use debian_formats::version::Version;

use super::facts::{Fact, Facts};

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

/// A package that was found: of each name and architecture the newest version.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'f> {
    /// What is known of it.
    pub fact: Fact<'f>,
    /// How well it fits; less is better.
    rank: u32,
}

impl Facts {
    /// Finds packages, those that fit best first: the name itself, names that begin so, names that have it, then synopses.
    pub fn search(&self, filter: &Filter) -> Vec<Hit<'_>> {
        let words: Vec<Word> = filter.words.iter().map(|word| Word::new(word)).collect();
        let mut hits: Vec<Hit<'_>> = Vec::new();
        for fact in self.by_name() {
            let Some(rank) = rank(&fact, &words, filter) else {
                continue;
            };
            let hit = Hit { fact, rank };
            match hits.last_mut() {
                Some(last) if last.fact.name == fact.name && last.fact.architecture == fact.architecture => {
                    if is_newer(fact.version, last.fact.version) {
                        *last = hit;
                    }
                }
                _ => hits.push(hit),
            }
        }
        hits.sort_by(|left, right| (left.rank, left.fact.name).cmp(&(right.rank, right.fact.name)));
        hits
    }

    /// Returns the names nearest to one that nobody has: at most `most`, within two letters.
    pub fn similar(&self, name: &str, most: usize) -> Vec<&str> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        let mut last = "";
        for fact in self.by_name() {
            if fact.name == last {
                continue;
            }
            last = fact.name;
            if let Some(distance) = distance_within(name, fact.name, 2) {
                found.push((distance, fact.name));
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
        let word = self.text.as_bytes();
        let Some(rare) = word.get(self.rare).filter(|_| word.is_ascii()) else {
            return text.to_lowercase().contains(&self.text);
        };
        let text = text.as_bytes();
        memchr::memchr2_iter(*rare, rare.to_ascii_uppercase(), text)
            .filter_map(|at| {
                let start = at.checked_sub(self.rare)?;
                text.get(start..start + word.len())
            })
            .any(|found| found.eq_ignore_ascii_case(word))
    }
}

fn rank(fact: &Fact<'_>, words: &[Word], filter: &Filter) -> Option<u32> {
    if filter
        .architecture
        .as_deref()
        .is_some_and(|wanted| wanted != fact.architecture)
    {
        return None;
    }
    if let Some(wanted) = &filter.section {
        let section = fact.section;
        let bare = section.rsplit_once('/').map_or(section, |(_, bare)| bare);
        (section == wanted || bare == wanted).then_some(())?;
    }
    let mut sum = 0;
    for word in words {
        sum += rank_word(fact, word, filter)?;
    }
    Some(sum)
}

fn rank_word(fact: &Fact<'_>, word: &Word, filter: &Filter) -> Option<u32> {
    // Names are in lower case. Source: Debian Policy 5.6.1.
    match word.in_names.find(fact.name.as_bytes()) {
        Some(0) if fact.name.len() == word.text.len() => return Some(0),
        Some(0) => return Some(1),
        Some(_) => return Some(2),
        None if filter.names_only => return None,
        None => {}
    }
    word.is_in(fact.synopsis).then_some(4)
}

fn is_newer(left: &str, right: &str) -> bool {
    match (left.parse::<Version>(), right.parse::<Version>()) {
        (Ok(left), Ok(right)) => left > right,
        _ => false,
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
