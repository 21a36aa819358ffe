//! Text of packages, made fit for pages: dates, sizes, descriptions.

use debian_control::release::format_iso;
use debian_control::terminal::changes_direction;

/// Returns a text on one line: control characters, which XML has no place for, and what changes the direction of writing of all that
/// stands beside it become blanks.
pub(crate) fn line(text: &str) -> String {
    text.chars()
        .map(|char| if is_unfit(char) { ' ' } else { char })
        .collect()
}

fn is_unfit(char: char) -> bool {
    char.is_control() || changes_direction(char) || matches!(char, '\u{fffe}' | '\u{ffff}')
}

/// Returns a text on one line as lists have it: its first letters, where there are more.
pub(crate) fn short(text: &str, letters: usize) -> String {
    let line = line(text);
    let text = line.trim();
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).expect("a letter begins there").trim_end()),
        None => text.to_owned(),
    }
}

/// Returns `2026-11-27` for Unix seconds.
pub(crate) fn day(seconds: i64) -> String {
    format_iso(seconds)
        .chars()
        .take_while(|char| *char != 'T')
        .collect()
}

/// Returns bytes in the unit that people read: `53.1 kB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let unit = UNITS.get(unit).expect("the loop ends at the last one");
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Returns a number with a thin space between its thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A part of a long description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Paragraph {
    /// Lines that flow together.
    Flowing(String),
    /// Lines that stay as they are: those that begin with a blank.
    Verbatim(String),
}

impl Paragraph {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Flowing(text) | Self::Verbatim(text) => text,
        }
    }

    pub(crate) fn is_verbatim(&self) -> bool {
        matches!(self, Self::Verbatim(_))
    }
}

/// Splits the lines after the first of a description. Source: Debian Policy 5.6.13.
pub(crate) fn paragraphs(description: &str) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut is_open = false;
    for text in description.lines().skip(1) {
        if text.trim().is_empty() {
            is_open = false;
            continue;
        }
        let text = line(text);
        let is_verbatim = text.starts_with(' ');
        match paragraphs.last_mut() {
            Some(Paragraph::Verbatim(lines)) if is_open && is_verbatim => {
                lines.push('\n');
                lines.push_str(text.trim_end());
            }
            Some(Paragraph::Flowing(lines)) if is_open && !is_verbatim => {
                lines.push(' ');
                lines.push_str(text.trim());
            }
            _ if is_verbatim => paragraphs.push(Paragraph::Verbatim(text.trim_end().to_owned())),
            _ => paragraphs.push(Paragraph::Flowing(text.trim().to_owned())),
        }
        is_open = true;
    }
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_of_the_unit_below_a_thousand() {
        let shown = [999, 1000, 53_099, 999_999, 1_000_000, 5_300_000_000].map(bytes);
        assert_eq!(
            shown,
            ["999 B", "1.0 kB", "53.0 kB", "999.9 kB", "1.0 MB", "5.3 GB"]
        );
    }

    #[test]
    fn lines_flow_together_but_for_indented_ones() {
        let text = "short\nOne\ntwo.\n\nList:\n  * a\n  * b\nend";
        let flowing = |text: &str| Paragraph::Flowing(text.into());
        assert_eq!(
            paragraphs(text),
            [
                flowing("One two."),
                flowing("List:"),
                Paragraph::Verbatim("  * a\n  * b".into()),
                flowing("end")
            ]
        );
    }

    #[test]
    fn what_xml_cannot_hold_becomes_a_blank() {
        assert_eq!(line("a\u{8}b\tc\u{ffff}"), "a b c ");
    }

    #[test]
    fn what_changes_the_direction_of_its_neighbours_becomes_a_blank() {
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200f}"), "a b c ");
    }

    #[test]
    fn a_text_that_is_too_long_for_a_list_is_cut() {
        assert_eq!(short(" ab\u{1} ", 3), "ab");
        assert_eq!(short("äbc", 3), "äbc");
        assert_eq!(short("äb cd", 3), "äb…");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(count(999), "999");
        assert_eq!(count(63_000), "63\u{202f}000");
    }
}
