//! Names that people give to tokens, webhooks and tags: printed to terminals, and shown on pages.

use archive_catalog::accounts::is_unprintable;

/// How many bytes the name of a token may have.
pub(crate) const MAX_TOKEN_NAME: usize = 100;

/// Says whether a text is one line that shows as it is written, and as no other text does.
pub(crate) fn is_plain_line(text: &str) -> bool {
    !text.chars().any(is_unprintable)
}

/// Reads a name of at most so many bytes.
///
/// # Errors
///
/// Says what is expected.
pub(crate) fn given_name(text: &str, most: usize) -> Result<String, String> {
    if text.is_empty() || text.len() > most || !is_plain_line(text) {
        return Err(format!(
            "expected a name of 1 to {most} bytes, without control characters or others that do not show"
        ));
    }
    // On a page, nobody could point at it.
    if !text.chars().any(is_seen) {
        return Err("expected a name that can be seen: this one is blank".into());
    }
    Ok(text.to_owned())
}

/// Says whether a letter leaves a mark, as blanks and letters without a width do not.
fn is_seen(letter: char) -> bool {
    !letter.is_whitespace() && !matches!(letter, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_can_be_seen() {
        for name in ["ci", "a b", " x", "ü", "ن\u{200c}ه", &"n".repeat(100)] {
            assert_eq!(given_name(name, 100).as_deref(), Ok(name));
        }
        for (name, words) in [
            ("", "1 to 100 bytes"),
            (&*"n".repeat(101), "1 to 100 bytes"),
            ("a\nb", "control characters"),
            ("\u{1b}[31mred", "control characters"),
            ("a\u{202e}b", "control characters"),
            (" ", "blank"),
            ("\u{a0}\u{3000}", "blank"),
            ("\u{200d}", "blank"),
            ("a\u{200b}b", "do not show"),
            ("a\u{e0041}", "do not show"),
        ] {
            let error = given_name(name, 100).unwrap_err();
            assert!(error.contains(words), "{name:?}: {error}");
        }
    }
}
