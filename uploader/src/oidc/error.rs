//! How the token of a CI job is refused.

use crate::problem::{Code, Problem};

/// Refuses a token.
pub(super) fn refused(why: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidAssertion, why)
}
