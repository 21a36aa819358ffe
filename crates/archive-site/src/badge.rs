//! A badge: the version of a package in a suite, as a small picture for a README.

use askama::Template;

#[derive(Template)]
#[template(path = "badge.svg")]
struct Badge<'a> {
    label: &'a str,
    version: &'a str,
    label_length: usize,
    version_length: usize,
    label_width: usize,
    width: usize,
}

/// Returns the picture.
pub(crate) fn badge(label: &str, version: &str) -> String {
    let length = |text: &str| text.chars().map(width).sum::<usize>().div_ceil(10);
    let (label_length, version_length) = (length(label), length(version));
    let badge = Badge {
        label,
        version,
        label_length,
        version_length,
        label_width: label_length + 14,
        width: label_length + version_length + 28,
    };
    badge
        .render()
        .expect("a template that is compiled in renders into a string")
}

/// Returns the tenths of a pixel that a letter takes, about; the picture is told to fit the text into their sum.
fn width(letter: char) -> usize {
    match letter {
        '.' | ':' | 'i' | 'j' | 'l' => 35,
        '-' | 'f' | 'r' | 't' => 44,
        'm' | 'w' => 98,
        '+' | '~' | 'A'..='Z' => 85,
        _ => 69,
    }
}
