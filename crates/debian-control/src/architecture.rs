//! Architectures of binary packages.

use std::fmt;
use std::str::FromStr;

use crate::name::shown;

/// A text that is no architecture of a binary package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid architecture `{text}`: {wrong}")]
pub struct ArchitectureError {
    text: String,
    wrong: &'static str,
}

/// The architecture of a binary package, such as `amd64`, or `all`.
///
/// `a-z0-9-`, the first one a letter or digit; never `any`, `source` or a wildcard. Source: Debian Policy 5.6.8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Architecture(Box<str>);

const MAX: usize = 64;

impl Architecture {
    /// Returns `all`.
    pub fn all() -> Self {
        Self("all".into())
    }

    /// Says whether it is `all`.
    pub fn is_all(&self) -> bool {
        &*self.0 == "all"
    }

    /// Returns the name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Architecture {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |wrong| ArchitectureError {
            text: shown(text),
            wrong,
        };
        let first_is_right = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !first_is_right || text.len() > MAX {
            return Err(error("expected a name such as `amd64` or `all`"));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(error("expected only lower case letters, digits and `-`"));
        }
        if text == "source" {
            return Err(error("expected the architecture of a binary package"));
        }
        if text.split('-').any(|part| part == "any") {
            return Err(error("expected one architecture, not a wildcard"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl AsRef<str> for Architecture {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_architecture_and_no_wildcard() {
        for name in ["amd64", "all", "kfreebsd-amd64", "amd64v3", "i386"] {
            assert!(name.parse::<Architecture>().is_ok(), "{name}");
        }
        for name in [
            "",
            "any",
            "source",
            "any-amd64",
            "linux-any",
            "musl-any-arm64",
            "AMD64",
            "a/b",
            "..",
            "amd64 i386",
            "-a",
            "a_b",
        ] {
            assert!(name.parse::<Architecture>().is_err(), "{name:?}");
        }
    }
}
