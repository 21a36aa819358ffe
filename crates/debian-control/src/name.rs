//! Names that stand in paths, URLs and index files: of packages, suites and components.
//!
//! Each type has one constructor, [`FromStr`], so that a value of it is safe to build a path from.

use std::fmt;
use std::str::FromStr;

/// A text that is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {kind} `{text}`: {wrong}")]
pub struct NameError {
    kind: &'static str,
    text: String,
    wrong: &'static str,
}

/// The longest name of a suite or component, in bytes.
const MAX_SUITE: usize = 64;
/// The longest name of a package, in bytes; file names of 255 bytes need room for version and architecture.
const MAX_PACKAGE: usize = 128;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map(|()| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

/// Says whether dpkg takes a text as the name of a package: letters, digits, `+`, `-`, `.` and `_`, the first one a letter or digit.
///
/// Of any length. [`PackageName`] is one of these that fits into the name of a file.
pub fn is_known_to_dpkg(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

name! {
    /// The name of a binary or source package, as dpkg takes it: letters, digits, `+`, `-`, `.` and `_`, the first one a letter
    /// or digit, at most 128.
    ///
    /// Whoever takes packages from outside asks [`check_policy`](PackageName::check_policy) too, since the policy forbids some
    /// of them. Source: dpkg's `pkg_name_is_illegal`.
    PackageName, check_package
}

name! {
    /// The codename or alias of a suite: `a-z0-9+-.`, the first one a letter or digit, at most 64.
    SuiteName, check_suite
}

name! {
    /// The name of a component (`main`, `contrib`): `a-z0-9+-.`, the first one a letter or digit, at most 64.
    Component, check_component
}

impl PackageName {
    /// Checks that Debian's policy allows the name: at least two characters of `a-z0-9+-.`.
    ///
    /// Source: Debian Policy 5.6.1 and 5.6.7.
    ///
    /// # Errors
    ///
    /// Says what the policy expects.
    pub fn check_policy(&self) -> Result<(), NameError> {
        let error = |wrong| NameError {
            kind: "package name",
            text: shown(&self.0),
            wrong,
        };
        if self.0.len() < 2 {
            return Err(error("expected at least two characters"));
        }
        check_letters(&self.0).map_err(error)
    }

    /// Returns the folder of the pool that source packages of this name share: `libf` for `libfoo`, else one letter.
    pub fn pool_prefix(&self) -> &str {
        let length = if self.0.starts_with("lib") && self.0.len() > 3 {
            4
        } else {
            1
        };
        self.0.get(..length).unwrap_or(&self.0)
    }
}

fn check_package(text: &str) -> Result<(), NameError> {
    let error = |wrong| NameError {
        kind: "package name",
        text: shown(text),
        wrong,
    };
    if text.is_empty() {
        return Err(error("expected at least one character"));
    }
    if text.len() > MAX_PACKAGE {
        return Err(error("expected at most 128 characters"));
    }
    if !is_known_to_dpkg(text) {
        return Err(error(
            "expected letters, digits, `+`, `-`, `.` and `_`, the first one a letter or digit",
        ));
    }
    Ok(())
}

fn check_suite(text: &str) -> Result<(), NameError> {
    check_folder("suite", text)
}

fn check_component(text: &str) -> Result<(), NameError> {
    check_folder("component", text)
}

fn check_folder(kind: &'static str, text: &str) -> Result<(), NameError> {
    let error = |wrong| NameError {
        kind,
        text: shown(text),
        wrong,
    };
    if text.is_empty() {
        return Err(error("expected at least one character"));
    }
    if text.len() > MAX_SUITE {
        return Err(error("expected at most 64 characters"));
    }
    if text.contains("..") {
        return Err(error("expected no two dots in a row"));
    }
    check_letters(text).map_err(error)
}

fn check_letters(text: &str) -> Result<(), &'static str> {
    let inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    if !text.bytes().all(inner) {
        return Err("expected only lower case letters, digits, `+`, `-` and `.`");
    }
    match text.bytes().next() {
        Some(first) if first.is_ascii_alphanumeric() => Ok(()),
        _ => Err("expected a letter or digit first"),
    }
}

/// Returns the start of a text from outside, fit for a message.
pub fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut letters = text.chars();
    let mut shown = String::new();
    for letter in letters.by_ref().take(MOST) {
        match letter {
            '\'' | '"' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_are_those_that_dpkg_takes_and_the_policy_forbids_some() {
        for name in [
            "0ad",
            "g++",
            "libc6",
            "a.",
            "a..b",
            "x11-common",
            "lib",
            "libstdc++6",
        ] {
            let parsed: PackageName = name.parse().unwrap();
            assert_eq!(parsed.as_str(), name);
            assert_eq!(parsed.check_policy(), Ok(()), "{name}");
        }
        for (name, expected) in [
            ("a", "at least two characters"),
            ("7", "at least two characters"),
            ("A1", "lower case letters"),
            ("Foo", "lower case letters"),
            ("a_b", "lower case letters"),
            ("Z", "at least two characters"),
        ] {
            let forbidden = name.parse::<PackageName>().unwrap().check_policy().unwrap_err();
            assert!(forbidden.to_string().contains(expected), "{forbidden}");
        }
        for name in [
            "", "-ab", ".ab", "_ab", "+a", "a/b", "a b", "a\nb", "a\0", "ä1", "а1", "a%2fb", "..", "../x",
            "a~b", "a:b",
        ] {
            assert!(name.parse::<PackageName>().is_err(), "{name:?}");
        }
        assert!("a".repeat(129).parse::<PackageName>().is_err());
    }

    #[test]
    fn what_dpkg_takes_has_only_letters_that_are_safe_in_a_path() {
        for name in ["a", "B", "lib_x", "0ad", "g++"] {
            assert!(is_known_to_dpkg(name), "{name}");
        }
        for name in ["", "-a", ".x", "a b", "a/b", "\u{e4}"] {
            assert!(!is_known_to_dpkg(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_begin_with_lib_have_four_letters_of_prefix() {
        for (name, prefix) in [
            ("libfoo", "libf"),
            ("lib", "l"),
            ("library", "libr"),
            ("hello", "h"),
            ("0ad", "0"),
            ("a", "a"),
            ("X", "X"),
            ("Libfoo", "L"),
            ("lib_x", "lib_"),
        ] {
            assert_eq!(
                name.parse::<PackageName>().unwrap().pool_prefix(),
                prefix,
                "{name}"
            );
        }
    }

    #[test]
    fn suites_and_components_are_single_folders() {
        for name in ["stable", "bookworm-updates", "1.0", "non-free", "a"] {
            assert!(
                name.parse::<SuiteName>().is_ok() && name.parse::<Component>().is_ok(),
                "{name}"
            );
        }
        for name in ["", ".", "..", "a..b", "a/b", "main%0a", "a\n", "Main", "-x"] {
            assert!(
                name.parse::<SuiteName>().is_err() && name.parse::<Component>().is_err(),
                "{name:?}"
            );
        }
        assert!("a".repeat(65).parse::<SuiteName>().is_err());
    }

    #[test]
    fn a_text_from_outside_is_shown_short_and_harmless() {
        assert_eq!(shown("it's \"a\\b\""), "it's \"a\\b\"");
        assert_eq!(shown("\u{1b}[2J\n\u{202e}é"), "\\u{1b}[2J\\n\\u{202e}é");
        assert_eq!(shown(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn an_error_says_what_was_found_and_what_would_be_right() {
        let error = "a\u{1b}B".parse::<PackageName>().unwrap_err().to_string();
        assert_eq!(
            error,
            "invalid package name `a\\u{1b}B`: expected letters, digits, `+`, `-`, `.` and `_`, the first one a letter or digit"
        );
    }
}
