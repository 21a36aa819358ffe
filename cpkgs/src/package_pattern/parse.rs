//! From a word to a pattern. Source: apt-patterns(7), "LOGIC PATTERNS" and the short forms of each.

use std::str::FromStr;

use super::{PackagePattern, Property, Text};
use crate::preferences::Pattern;

/// How deep patterns may stand in each other.
const MAX_DEPTH: usize = 64;
/// What ends a word that stands in no quotes.
const ENDS: &str = "~?!|,()";

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern for packages: {why}")]
pub struct PackagePatternError {
    text: String,
    why: String,
}

/// What a term is for, by its long name and its short letter. Source: apt-patterns(7).
const PROPERTIES: [(&str, char, Property); 7] = [
    ("installed", 'i', Property::Installed),
    ("automatic", 'M', Property::Automatic),
    ("garbage", 'g', Property::Garbage),
    ("upgradable", 'U', Property::Upgradable),
    ("obsolete", 'o', Property::Obsolete),
    ("broken", 'b', Property::Broken),
    ("essential", 'E', Property::Essential),
];
const TEXTS: [(&str, char, Text); 7] = [
    ("name", 'n', Text::Name),
    ("architecture", 'r', Text::Architecture),
    ("version", 'V', Text::Version),
    ("section", 's', Text::Section),
    ("source-package", 'e', Text::Source),
    ("archive", 'A', Text::Archive),
    ("origin", 'O', Text::Origin),
];

impl FromStr for PackagePattern {
    type Err = PackagePatternError;

    fn from_str(text: &str) -> Result<Self, PackagePatternError> {
        let mut parser = PatternParser { rest: text, depth: 0 };
        let parsed = parser.alternatives().and_then(|pattern| {
            parser.skip_blanks();
            match parser.rest {
                "" => Ok(pattern),
                rest => Err(format!("`{rest}` follows what is complete")),
            }
        });
        parsed.map_err(|why| PackagePatternError {
            text: text.to_owned(),
            why,
        })
    }
}

struct PatternParser<'t> {
    rest: &'t str,
    depth: usize,
}

impl PatternParser<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, sign: char) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(match self.rest {
            "" => format!("expected `{sign}` at its end"),
            rest => format!("expected `{sign}` before `{rest}`"),
        })
    }

    /// `A | B`
    fn alternatives(&mut self) -> Result<PackagePattern, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} patterns stand in each other"));
        }
        let mut each = vec![self.sequence()?];
        while self.takes('|') {
            each.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(one_or(each, PackagePattern::Or))
    }

    /// `A B`
    fn sequence(&mut self) -> Result<PackagePattern, String> {
        let mut each = vec![self.term()?];
        loop {
            self.skip_blanks();
            if self.rest.is_empty() || self.rest.starts_with(['|', ',', ')']) {
                return Ok(one_or(each, PackagePattern::And));
            }
            each.push(self.term()?);
        }
    }

    fn term(&mut self) -> Result<PackagePattern, String> {
        let mut is_negated = false;
        while self.takes('!') {
            is_negated = !is_negated;
        }
        let pattern = if self.takes('(') {
            let inside = self.alternatives()?;
            self.expect(')')?;
            inside
        } else if self.takes('?') {
            self.long()?
        } else if self.takes('~') {
            self.short()?
        } else {
            return Err(match self.rest {
                "" => "a term is missing at its end".to_owned(),
                rest => format!("expected `?NAME` or `~LETTER`, found `{rest}`"),
            });
        };
        Ok(if is_negated {
            PackagePattern::Not(Box::new(pattern))
        } else {
            pattern
        })
    }

    /// `?NAME` or `?NAME(…)`, after the question mark.
    fn long(&mut self) -> Result<PackagePattern, String> {
        let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        let end = self.rest.find(|letter| !is_part(letter));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let name = name.to_owned();
        self.rest = rest;
        if let Some((.., property)) = PROPERTIES.iter().find(|(known, ..)| *known == name) {
            return Ok(PackagePattern::Is(*property));
        }
        if let Some((.., text)) = TEXTS.iter().find(|(known, ..)| *known == name) {
            return Ok(PackagePattern::Has(*text, self.argument(expression)?));
        }
        match name.as_str() {
            "true" => Ok(PackagePattern::True),
            "false" => Ok(PackagePattern::False),
            "exact-name" => Ok(PackagePattern::Has(Text::Name, self.argument(whole)?)),
            "exact-source-package" => Ok(PackagePattern::Has(Text::Source, self.argument(whole)?)),
            "not" => match self.arguments()?.as_slice() {
                [one] => Ok(PackagePattern::Not(Box::new(one.clone()))),
                several => Err(format!("`?not` is of one pattern, not {}", several.len())),
            },
            "and" => Ok(PackagePattern::And(self.arguments()?)),
            "or" => Ok(PackagePattern::Or(self.arguments()?)),
            name => Err(format!("there is no term `?{name}` here")),
        }
    }

    /// `~LETTER` with what follows, after the tilde.
    fn short(&mut self) -> Result<PackagePattern, String> {
        let mut letters = self.rest.chars();
        let Some(letter) = letters.next() else {
            return Err("a letter is missing at its end".to_owned());
        };
        self.rest = letters.as_str();
        if let Some((.., property)) = PROPERTIES.iter().find(|(_, known, _)| *known == letter) {
            return Ok(PackagePattern::Is(*property));
        }
        match TEXTS.iter().find(|(_, known, _)| *known == letter) {
            Some((.., text)) => {
                let word = self.word()?;
                Ok(PackagePattern::Has(*text, expression(&word)?))
            }
            None => Err(format!("there is no term `~{letter}` here")),
        }
    }

    fn argument(&mut self, read: fn(&str) -> Result<Pattern, String>) -> Result<Pattern, String> {
        self.expect('(')?;
        self.skip_blanks();
        let word = self.word()?;
        self.expect(')')?;
        read(&word)
    }

    fn arguments(&mut self) -> Result<Vec<PackagePattern>, String> {
        self.expect('(')?;
        let mut each = vec![self.alternatives()?];
        while self.takes(',') {
            each.push(self.alternatives()?);
        }
        self.expect(')')?;
        Ok(each)
    }

    /// Reads a word: to the next blank or sign, or all that stands in quotes.
    fn word(&mut self) -> Result<String, String> {
        let (word, rest) = match self.rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("a quote is not closed")?,
            None => {
                let ends = |letter: char| letter.is_whitespace() || ENDS.contains(letter);
                self.rest
                    .split_at(self.rest.find(ends).unwrap_or(self.rest.len()))
            }
        };
        let word = word.to_owned();
        self.rest = rest;
        match word.as_str() {
            "" => Err("a text to compare with is missing".to_owned()),
            _ => Ok(word),
        }
    }
}

fn one_or(
    mut each: Vec<PackagePattern>,
    several: fn(Vec<PackagePattern>) -> PackagePattern,
) -> PackagePattern {
    match each.pop() {
        Some(one) if each.is_empty() => one,
        last => {
            each.extend(last);
            several(each)
        }
    }
}

fn expression(word: &str) -> Result<Pattern, String> {
    Pattern::expression(word).map_err(|error| error.to_string())
}

fn whole(word: &str) -> Result<Pattern, String> {
    Pattern::whole(word).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match text.parse::<PackagePattern>() {
            Ok(pattern) => shown(&pattern),
            Err(error) => error.why,
        }
    }

    fn shown(pattern: &PackagePattern) -> String {
        let list = |each: &[PackagePattern]| each.iter().map(shown).collect::<Vec<_>>().join(" ");
        match pattern {
            PackagePattern::True => "true".to_owned(),
            PackagePattern::False => "false".to_owned(),
            PackagePattern::Not(one) => format!("(not {})", shown(one)),
            PackagePattern::And(each) => format!("(and {})", list(each)),
            PackagePattern::Or(each) => format!("(or {})", list(each)),
            PackagePattern::Is(property) => format!("{property:?}"),
            PackagePattern::Has(text, _) => format!("{text:?}"),
        }
    }

    #[test]
    fn long_and_short_forms_are_read() {
        for (text, meaning) in [
            ("?installed", "Installed"),
            ("~i", "Installed"),
            ("~i~M", "(and Installed Automatic)"),
            ("~nfoo ~i | ~g", "(or (and Name Installed) Garbage)"),
            ("!~i", "(not Installed)"),
            ("!!~i", "Installed"),
            (
                "?and(?name(^lib), ?not(?automatic))",
                "(and Name (not Automatic))",
            ),
            ("?or(~nA,~nB) ~i", "(and (or Name Name) Installed)"),
            ("(~i|~o)!~E", "(and (or Installed Obsolete) (not Essential))"),
            ("?name(\"a (b)|c\")", "Name"),
            ("?true", "true"),
            ("?exact-name(vim)", "Name"),
        ] {
            assert_eq!(parsed(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        for (text, why) in [
            ("?installd", "there is no term `?installd` here"),
            ("~q", "there is no term `~q` here"),
            ("~", "a letter is missing at its end"),
            ("~n", "a text to compare with is missing"),
            ("?name(a", "expected `)` at its end"),
            ("?not(~i,~g)", "`?not` is of one pattern, not 2"),
            ("(~i", "expected `)` at its end"),
            ("~i)", "`)` follows what is complete"),
            ("~i|", "a term is missing at its end"),
            ("?name(\"a)", "a quote is not closed"),
        ] {
            assert_eq!(parsed(text), why, "{text}");
        }
        assert!(parsed(&"(".repeat(100_000)).contains("more than 64"));
        assert!(parsed("?name([)").contains("is not a regular expression"));
    }
}
