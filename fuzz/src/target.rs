//! What a target is.

/// Whether a parser took an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParserVerdict {
    /// It did.
    Accepted,
    /// It did not, and said why.
    Refused,
}

/// One parser under test.
pub trait FuzzTarget: Sync {
    /// Returns the name on the command line.
    fn name(&self) -> &'static str;

    /// Returns inputs that the parser accepts: what fuzzing begins with.
    fn seeds(&self) -> Vec<Vec<u8>>;

    /// Returns byte strings with a meaning to the parser; libFuzzer puts them in now and then. At most 64 bytes each.
    fn words(&self) -> &'static [&'static [u8]] {
        &[]
    }

    /// Returns the length in bytes beyond which no input is tried.
    fn max_length(&self) -> usize {
        4096
    }

    /// Changes an input that libFuzzer has changed, so that a checksum does not refuse it before the parser sees it.
    ///
    /// Depends on nothing but its arguments; `seed` is another number for each input.
    fn repair(&self, _input: &mut Vec<u8>, _seed: u32) {}

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
