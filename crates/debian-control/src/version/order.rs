//! The order of one part of a version, upstream or revision.

use std::cmp::Ordering;

/// Compares upstream versions or revisions as dpkg's `verrevcmp` does.
pub(super) fn compare(mut left: &[u8], mut right: &[u8]) -> Ordering {
    let order = |byte: Option<&u8>| match byte {
        Some(byte) if !byte.is_ascii_digit() => rank(*byte),
        _ => END,
    };
    while !left.is_empty() || !right.is_empty() {
        while order(left.first()) != END || order(right.first()) != END {
            match order(left.first()).cmp(&order(right.first())) {
                Ordering::Equal => (left, right) = (tail(left, 1), tail(right, 1)),
                decided => return decided,
            }
        }
        let (left_number, right_number) = (number(left), number(right));
        match left_number
            .len()
            .cmp(&right_number.len())
            .then_with(|| left_number.cmp(right_number))
        {
            Ordering::Equal => {}
            decided => return decided,
        }
        (left, right) = (after_digits(left), after_digits(right));
    }
    Ordering::Equal
}

fn tail(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(count..).unwrap_or_default()
}

/// Returns the digits in front, without leading zeros.
fn number(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = bytes
        .iter()
        .take(digits)
        .take_while(|byte| **byte == b'0')
        .count();
    bytes.get(zeros..digits).unwrap_or_default()
}

fn after_digits(bytes: &[u8]) -> &[u8] {
    tail(
        bytes,
        bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
    )
}

/// Rank of the end of a run of letters: letters and other characters come after it, a tilde before it.
pub(super) const END: u8 = 2;
const TILDE: u8 = 1;

/// Orders characters: tilde, end, letters, everything else.
pub(super) fn rank(byte: u8) -> u8 {
    match byte {
        b'~' => TILDE,
        b'A'..=b'Z' => byte - b'A' + END + 1,
        b'a'..=b'z' => byte - b'a' + END + 1 + 26,
        // Policy allows `+`, `-`, `.` and, with an epoch, `:`, all far below this limit.
        other => other.saturating_add(64),
    }
}
