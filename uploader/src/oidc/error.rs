//! How the token of a CI job is refused.

use crate::problem::{Code, Problem};

/// Refuses a token.
pub(super) fn refused(why: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidAssertion, why)
}

/// Returns the start of a text from outside, fit for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}
