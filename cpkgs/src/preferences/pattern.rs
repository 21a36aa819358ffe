//! What a text is compared with: a glob for all of it, or a regular expression between slashes for a part.
//!
//! Source: apt_preferences(5), "Regular expressions and glob(7) syntax". Case does not matter in either.

use std::str::FromStr;

use regex_lite::{Regex, RegexBuilder};

/// Most bytes that the compiled form of an expression takes.
const MAX_COMPILED: usize = 1 << 20;

/// A pattern.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a regular expression: {source}")]
pub struct PatternError {
    text: String,
    source: regex_lite::Error,
}

impl Pattern {
    /// Returns one for every text of which a part matches a regular expression.
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn expression(expression: &str) -> Result<Self, PatternError> {
        let regex = RegexBuilder::new(expression)
            .case_insensitive(true)
            .size_limit(MAX_COMPILED)
            .build();
        regex.map(Self).map_err(|source| PatternError {
            text: expression.to_owned(),
            source,
        })
    }

    /// Returns one for a text and no other.
    ///
    /// # Errors
    /// When the text is too long to compare with.
    pub fn whole(text: &str) -> Result<Self, PatternError> {
        Self::expression(&format!("^{}$", regex_lite::escape(text)))
    }

    /// Says whether a text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text.strip_prefix('/') {
            Some(rest) => Self::expression(rest.strip_suffix('/').unwrap_or(rest)),
            None => Self::expression(&from_glob(text)),
        }
    }
}

/// Returns the regular expression of a glob. Source: glob(7).
fn from_glob(glob: &str) -> String {
    let mut expression = String::from("^");
    let mut rest = glob.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            // A bracket that is not closed stands for itself.
            '[' => match rest.as_str().split_once(']') {
                Some((inside, after)) if !inside.is_empty() && inside != "!" => {
                    let (not, inside) = inside
                        .strip_prefix('!')
                        .map_or(("", inside), |inside| ("^", inside));
                    expression.push_str(&format!(
                        "[{not}{}]",
                        inside.replace('\\', "\\\\").replace('[', "\\[")
                    ));
                    rest = after.chars();
                }
                _ => expression.push_str("\\["),
            },
            letter => expression.push_str(&regex_lite::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_for_a_whole_text_and_an_expression_for_a_part() {
        for (pattern, text, is_match) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c*", "abc", true),
            ("*-dev", "lib-dev-dev", true),
            ("a", "ab", false),
            ("A.c", "a.C", true),
            ("a.c", "abc", false),
            ("lib[a-c]1", "libb1", true),
            ("lib[!a-c]1", "libb1", false),
            ("a[b", "a[b", true),
            ("/b+/", "abbc", true),
            ("/^b+$/", "abbc", false),
            ("/^A[[:alpha:]]+$/", "abbc", true),
            ("", "", true),
            ("", "a", false),
        ] {
            let pattern_of = pattern.parse::<Pattern>().unwrap();
            assert_eq!(pattern_of.matches(text), is_match, "{pattern} {text}");
        }
        assert!("/(/".parse::<Pattern>().is_err());
    }
}
