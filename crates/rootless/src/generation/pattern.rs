//! Patterns for names.

/// Says whether a text fits a pattern with stars; `[0-9]` stands for a digit.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix('*') {
        let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return ends.any(|at| text.get(at..).is_some_and(|text| matches(rest, text)));
    }
    if let Some(rest) = pattern.strip_prefix("[0-9]") {
        let after = text.strip_prefix(|first: char| first.is_ascii_digit());
        return after.is_some_and(|text| matches(rest, text));
    }
    let (mut one, mut other) = (pattern.chars(), text.chars());
    match (one.next(), other.next()) {
        (None, None) => true,
        (Some(wanted), Some(found)) if wanted == found => matches(one.as_str(), other.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_and_brackets_for_a_digit() {
        assert!(matches("*-linux-gnu*", "x86_64-linux-gnu"));
        assert!(matches("*-linux-gnu*", "arm-linux-gnueabihf"));
        assert!(matches("vim[0-9]*", "vim90"));
        assert!(!matches("vim[0-9]*", "vimfiles"));
        assert!(!matches("*-linux-gnu", "x86_64-linux-gnu2"));
    }
}
