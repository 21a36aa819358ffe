//! What a package is filed under: `Section` and `Priority`.

use crate::name::shown;

/// The longest that one may be, in bytes.
const LONGEST: usize = 64;

/// A section or priority that lists have no place for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid `{field}` `{text}`: expected {expected}")]
pub struct SectionError {
    field: &'static str,
    text: String,
    expected: &'static str,
}

/// Checks a section, such as `libs` or `non-free/libs`, or a priority; `field` is what it is called where it stands.
///
/// Stricter than dpkg: archives show these as names of lists.
pub fn check_section(field: &'static str, value: &str) -> Result<(), SectionError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+./".contains(&byte);
    if (1..=LONGEST).contains(&value.len()) && value.bytes().all(is_plain) {
        return Ok(());
    }
    Err(SectionError {
        field,
        text: shown(value),
        expected: "1 to 64 of the characters `A-Za-z0-9-_+./`",
    })
}

/// Checks the same of a package that somebody else made: dpkg takes any line, and there are some with blanks.
pub fn check_foreign_section(field: &'static str, value: &str) -> Result<(), SectionError> {
    if value.len() <= LONGEST {
        return Ok(());
    }
    Err(SectionError {
        field,
        text: shown(value),
        expected: "64 bytes at most",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_debian_are_taken_and_what_lists_cannot_show_is_not() {
        for right in [
            "libs",
            "non-free/libs",
            "contrib/x11",
            "non-free-firmware/kernel",
            "gnu-r",
            "optional",
        ] {
            assert_eq!(check_section("Section", right), Ok(()));
        }
        for wrong in ["", "two words", "a\u{202e}b", "é", &"x".repeat(65)] {
            assert!(check_section("Section", wrong).is_err(), "{wrong}");
        }
        assert_eq!(check_foreign_section("Section", "two words"), Ok(()));
        let long = check_foreign_section("Section", &"x".repeat(60_000)).unwrap_err();
        assert!(long.to_string().len() < 300, "{long}");
    }
}
