//! Bytes that order as versions do.

use super::order::{END, rank};

/// Appends the key of an upstream version or revision: runs of non-digits and digits in turn.
///
/// A run of digits becomes its length and the digits, without leading zeros. The whole ends as an empty run of letters
/// does, and what is missing at the end of one version compares like empty runs and zeros in the other, so trailing
/// pairs of those are left out.
pub(super) fn push_part(key: &mut Vec<u8>, part: &str) {
    let start = key.len();
    let mut rest = part.as_bytes();
    let mut needed = start;
    while !rest.is_empty() {
        let letters = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        let (run, after) = rest.split_at(letters);
        key.extend(run.iter().map(|byte| rank(*byte)));
        key.push(END);
        let digits = after
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(after.len());
        let (run_of_digits, after) = after.split_at(digits);
        let zeros = run_of_digits.iter().take_while(|byte| **byte == b'0').count();
        let number = run_of_digits.get(zeros..).unwrap_or_default();
        // A part is at most `MAX_LENGTH` bytes long.
        key.push(u8::try_from(number.len()).unwrap_or(u8::MAX));
        key.extend_from_slice(number);
        if !run.is_empty() || !number.is_empty() {
            needed = key.len();
        }
        rest = after;
    }
    key.truncate(needed);
    // No run of letters inside a part begins with END, so nothing that follows is taken for more of it.
    key.extend([END, 0, END]);
}
