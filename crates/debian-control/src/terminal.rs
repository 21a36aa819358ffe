//! Text of packages, made safe for a terminal, or for a page.

/// Returns text from a package with everything that a terminal would act on shown instead of done.
///
/// Control characters of both sets but newline, and those that change the direction of writing, stand there as `\u{…}`.
///
/// ```
/// assert_eq!(debian_control::terminal::escaped("a\u{1b}[2J"), "a\\u{1b}[2J");
/// ```
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if (letter.is_control() && letter != '\n') || changes_direction(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Returns JSON with everything that a terminal would act on as `\uXXXX`, which means the same to whoever parses it.
///
/// ```
/// assert_eq!(debian_control::terminal::escaped_json("[\"\u{202e}\"]"), r#"["\u202e"]"#);
/// ```
pub fn escaped_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_control() || changes_direction(letter) {
            // All of these are of the first plane, so one escape is enough.
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Returns a page with text from packages in it, in which nothing that it says changes the direction of writing of the rest, or
/// controls a device: that stands there as `\u{…}`.
///
/// ```
/// assert_eq!(debian_control::terminal::escaped_page("a\u{202e}\tb\n"), "a\\u{202e}\tb\n");
/// ```
pub fn escaped_page(page: &str) -> String {
    let mut shown = String::with_capacity(page.len());
    for letter in page.chars() {
        let is_of_page = matches!(letter, '\n' | '\r' | '\t');
        if !is_of_page && (letter.is_control() || changes_direction(letter)) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Says whether a character changes the direction of writing of others.
///
/// Source: Unicode Standard Annex 9, the explicit directional formatting characters and marks.
pub fn changes_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown() {
        assert_eq!(
            escaped("a\u{1b}[2Jb\u{9b}c\u{202e}d é\n"),
            "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d é\n"
        );
    }
}
