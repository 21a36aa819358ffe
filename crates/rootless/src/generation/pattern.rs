//! Patterns for names.

/// Says whether a text fits a pattern with stars; `[0-9]` stands for a digit.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // What follows the last star, and where it was tried. An earlier star need not take more: what it took, the last one can.
    let mut last: Option<(&str, &str)> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            last = Some((rest, text));
            pattern = rest;
        } else if pattern.is_empty() && text.is_empty() {
            return true;
        } else if let Some((rest, after)) = one(pattern, text) {
            (pattern, text) = (rest, after);
        } else {
            let Some((rest, tried)) = last else { return false };
            let mut more = tried.chars();
            if more.next().is_none() {
                return false;
            }
            last = Some((rest, more.as_str()));
            (pattern, text) = (rest, more.as_str());
        }
    }
}

/// Takes what fits from the beginning of both; `None` when nothing does.
fn one<'a, 'b>(pattern: &'a str, text: &'b str) -> Option<(&'a str, &'b str)> {
    if let Some(rest) = pattern.strip_prefix("[0-9]") {
        let after = text.strip_prefix(|first: char| first.is_ascii_digit())?;
        return Some((rest, after));
    }
    let (mut wanted, mut found) = (pattern.chars(), text.chars());
    (wanted.next()? == found.next()?).then_some((wanted.as_str(), found.as_str()))
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
        assert!(matches("*", ""));
        assert!(matches("a*b*c", "aXbXbXc"));
        assert!(!matches("a*b*c", "aXc"));
        assert!(matches("*é*", "été"));
    }

    #[test]
    fn many_stars_and_long_texts_are_no_matter() {
        let text = "a".repeat(1000);
        assert!(!matches(&("*a".repeat(300) + "b"), &text));
        assert!(matches(&("*a".repeat(300) + "*"), &text));
        let long = "a".repeat(500_000);
        assert!(matches(&long, &long));
    }
}
