//! The words by which a package is found.

use std::collections::BTreeSet;

/// Words that say nothing.
const STOP: [&str; 12] = [
    "an", "and", "are", "as", "by", "for", "from", "in", "of", "on", "the", "to",
];

/// Returns the words by which a package is found: its name, the parts of it, and the words of its summary.
pub(crate) fn keys(name: &str, summary: &str) -> BTreeSet<String> {
    let name = name.to_ascii_lowercase();
    let mut keys = BTreeSet::new();
    let words = words(&name).chain(words(summary));
    for word in words.map(str::to_ascii_lowercase) {
        if word.len() > 1 && !STOP.contains(&word.as_str()) && !name.starts_with(&word) {
            keys.insert(word);
        }
    }
    keys.insert(name);
    keys
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_alphanumeric())
}

/// Returns how a package ranks under a word by which it is found: its own name before a part of it, that before a word of its
/// summary, and short names first.
pub(crate) fn rank(name: &str, word: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let kind = if lower == word {
        0
    } else if words(&lower).any(|part| part == word) {
        1
    } else {
        2
    };
    format!("{kind}{:03}", name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_name_its_parts_and_its_summary() {
        let all: Vec<String> = keys("python3-numpy", "Fast array facility for Python (3)")
            .into_iter()
            .collect();
        assert_eq!(all, ["array", "facility", "fast", "numpy", "python3-numpy"]);
        let plus: Vec<String> = keys("G++", "GNU C++ compiler").into_iter().collect();
        assert_eq!(plus, ["compiler", "g++", "gnu"]);
    }
}
