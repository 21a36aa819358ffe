//! Scopes of API tokens: what a token is good for.

use std::fmt;
use std::str::FromStr;

use debian_archive::config::Config;
use debian_control::name::{PackageName, SuiteName};

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid scope `{0}`: expected `upload:SUITE/GLOB`, `delete:SUITE/GLOB`, `read:SUITE` or `admin`")]
pub(crate) struct ScopeError(String);

/// One thing that a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that its owner may.
    Admin,
    /// Reading a private suite.
    Read(SuitePattern),
    /// Bringing packages into a suite.
    Upload(SuitePattern, Glob),
    /// Taking packages out of a suite.
    Delete(SuitePattern, Glob),
}

/// A suite, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SuitePattern {
    /// `*`.
    Any,
    /// One, by codename or alias.
    One(SuiteName),
}

/// A pattern for package names: `*` stands for any letters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Scope {
    /// Returns the same with codenames in the place of aliases.
    pub(crate) fn with_codename(mut self, config: &Config) -> Self {
        if let Self::Read(pattern) | Self::Upload(pattern, _) | Self::Delete(pattern, _) = &mut self
            && let SuitePattern::One(name) = pattern
            && let Some(suite) = config.suite(name.as_str())
        {
            *name = suite.codename.clone();
        }
        self
    }
}

impl SuitePattern {
    pub(crate) fn fits(&self, suite: &SuiteName) -> bool {
        match self {
            Self::Any => true,
            Self::One(name) => name == suite,
        }
    }
}

impl Glob {
    /// Reads a pattern; `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let right = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.*?".contains(&byte));
        right.then(|| Self(text.to_owned()))
    }

    /// Says whether every name fits.
    pub(crate) fn fits_all(&self) -> bool {
        self.0.bytes().all(|letter| letter == b'*')
    }

    /// Says whether a name fits, in a time that grows with the product of both lengths and no more.
    pub(crate) fn fits(&self, name: &PackageName) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_str().as_bytes());
        let (mut at, mut reached) = (0, 0);
        // The last star, and how far it reached: it is stretched by one when what follows does not fit.
        let mut star: Option<(usize, usize)> = None;
        while reached < name.len() {
            match (pattern.get(at), name.get(reached)) {
                (Some(b'*'), _) => {
                    star = Some((at, reached));
                    at += 1;
                }
                (Some(b'?'), _) => (at, reached) = (at + 1, reached + 1),
                (Some(wanted), Some(found)) if wanted == found => (at, reached) = (at + 1, reached + 1),
                _ => match &mut star {
                    Some((star_at, stretched)) => {
                        *stretched += 1;
                        (at, reached) = (*star_at + 1, *stretched);
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(at).all(|letter| *letter == b'*')
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ScopeError(text.chars().take(100).flat_map(char::escape_debug).collect());
        if text == "admin" {
            return Ok(Self::Admin);
        }
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if kind == "read" {
            return Ok(Self::Read(suite(rest).ok_or_else(wrong)?));
        }
        let (suite_text, glob) = rest.split_once('/').ok_or_else(wrong)?;
        let suite = suite(suite_text).ok_or_else(wrong)?;
        let glob = Glob::parse(glob).ok_or_else(wrong)?;
        match kind {
            "upload" => Ok(Self::Upload(suite, glob)),
            "delete" => Ok(Self::Delete(suite, glob)),
            _ => Err(wrong()),
        }
    }
}

fn suite(text: &str) -> Option<SuitePattern> {
    match text {
        "*" => Some(SuitePattern::Any),
        name => name.parse().ok().map(SuitePattern::One),
    }
}

impl fmt::Display for SuitePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("*"),
            Self::One(name) => name.fmt(formatter),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => formatter.write_str("admin"),
            Self::Read(suite) => write!(formatter, "read:{suite}"),
            Self::Upload(suite, glob) => write!(formatter, "upload:{suite}/{}", glob.0),
            Self::Delete(suite, glob) => write!(formatter, "delete:{suite}/{}", glob.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_fit_whole_names() {
        for (glob, name, fits) in [
            ("*", "nginx", true),
            ("nginx", "nginx", true),
            ("nginx", "nginx-core", false),
            ("nginx*", "nginx-core", true),
            ("*-core", "nginx-core", true),
            ("*-core", "nginx-core-dbg", false),
            ("lib?-dev", "libx-dev", true),
            ("lib?-dev", "lib-dev", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
        ] {
            let glob = Glob(glob.into());
            assert_eq!(glob.fits(&name.parse().unwrap()), fits, "{glob:?} {name}");
        }
    }

    #[test]
    fn scopes_print_as_they_are_read_and_others_are_refused() {
        for text in [
            "admin",
            "read:stable",
            "read:*",
            "upload:stable/*",
            "delete:*/lib?-dev",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Admin",
            "upload:stable",
            "upload:stable/",
            "upload:../x/*",
            "write:stable/*",
            "read:a/b",
            "upload:stable/A*",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }
}
