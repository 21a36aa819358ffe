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
        let words: Vec<String> = filter.words.iter().map(|word| word.to_lowercase()).collect();
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

fn rank(fact: &Fact<'_>, words: &[String], filter: &Filter) -> Option<u32> {
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

fn rank_word(fact: &Fact<'_>, word: &str, filter: &Filter) -> Option<u32> {
    // Names are in lower case. Source: Debian Policy 5.6.1.
    match memchr::memmem::find(fact.name.as_bytes(), word.as_bytes()) {
        Some(0) if fact.name.len() == word.len() => return Some(0),
        Some(0) => return Some(1),
        Some(_) => return Some(2),
        None if filter.names_only => return None,
        None => {}
    }
    contains_ignoring_case(fact.synopsis, word).then_some(4)
}

/// Says whether a text has a word that is in lower case.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    if let (true, Some(first)) = (word.is_ascii(), word.as_bytes().first()) {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
            .filter_map(|at| text.get(at..at + word.len()))
            .any(|found| found.eq_ignore_ascii_case(word))
    } else {
        text.to_lowercase().contains(word)
    }
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
        assert!(contains_ignoring_case("small JSON processor", "json"));
        assert!(!contains_ignoring_case("", "x"));
        assert!(contains_ignoring_case("Ärger", "ärger"));
    }
}
