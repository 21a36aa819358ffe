//! What a target is.

use crate::random::Random;

/// Whether a parser took an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParserVerdict {
    /// It did.
    Accepted,
    /// It did not, and said why.
    Refused,
}

/// One parser under test.
pub trait FuzzTarget {
    /// Returns the name on the command line.
    fn name(&self) -> &'static str;

    /// Makes one input: most of it right, some of it wrong.
    fn input(&self, random: &mut Random) -> Vec<u8>;

    /// Checks what must hold for any input, beyond that nothing panics.
    ///
    /// # Errors
    ///
    /// What did not hold, for people.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String>;
}

/// Turns a rule into an answer: `Err` with `what` unless it holds.
pub(crate) fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
