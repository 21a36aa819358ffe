//! Names and passwords: asked for at a terminal, or read from standard input. Never are they arguments, which others can see.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failure::{Failure, REFUSED, USAGE};

/// Longest line that is read.
const MAX_LINE: u64 = 4096;
/// Letters of a password that is made, without those that look alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Whether a password is being set, and is better typed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// Returns a value that was given, or asks for it at the terminal, or reads a line of standard input.
pub(super) fn text(given: Option<String>, prompt: &str) -> Result<String, Failure> {
    match given {
        Some(text) => Ok(text),
        None if at_terminal() => dialoguer::Input::new()
            .with_prompt(prompt)
            .interact_text()
            .map_err(|error| Failure::new(REFUSED, error)),
        None => line(prompt),
    }
}

/// Asks for a password, or reads a line of standard input where there is no terminal.
pub(super) fn password(prompt: &str, typed: Typed) -> Result<String, Failure> {
    if !at_terminal() {
        return line(prompt);
    }
    let mut question = dialoguer::Password::new().with_prompt(prompt);
    if typed == Typed::Twice {
        question = question.with_confirmation("Again", "These differ.");
    }
    question.interact().map_err(|error| Failure::new(REFUSED, error))
}

/// Reads a line of standard input.
pub(super) fn line(what: &str) -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().take(MAX_LINE).read_line(&mut line);
    read.map_err(|error| Failure::new(USAGE, error))?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        return Err(Failure::saying(
            USAGE,
            format_args!(
                "there is no terminal to ask for `{what}` on, and no line with it on standard input"
            ),
        ));
    }
    Ok(line.to_owned())
}

/// Reads a line of standard input where somebody offers one: a file or pipe that has it, and no terminal. Who inherited a pipe that
/// nobody writes to does not wait for it.
pub(super) fn offered() -> Result<Option<String>, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut wait = [PollFd::new(&stdin, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: 500_000_000,
    };
    if !poll(&mut wait, Some(&patience)).is_ok_and(|ready| ready > 0) {
        return Ok(None);
    }
    let mut line = String::new();
    let read = stdin.lock().take(MAX_LINE).read_line(&mut line);
    read.map_err(|error| Failure::new(USAGE, error))?;
    let line = line.trim_end_matches(['\n', '\r']);
    Ok((!line.is_empty()).then(|| line.to_owned()))
}

/// Makes a password of 100 random bits.
pub(super) fn made() -> Result<String, Failure> {
    let mut bytes = [0; 20];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Failure::new(REFUSED, error))?;
    Ok(bytes.iter().map(|byte| letter(*byte)).collect())
}

fn letter(byte: u8) -> char {
    let index = usize::from(byte) % LETTERS.len();
    LETTERS.get(index).copied().map_or('a', char::from)
}

fn at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_made_differ_and_are_long() {
        let (one, other) = (made().unwrap(), made().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 20);
    }
}
