//! Questions that are answered with yes or no.
//!
//! A line is read as the terminal hands it over: whoever interrupts it there finds the terminal as it was.

use std::io::{self, BufRead, Write as _};

/// What the Enter key alone answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultAnswer {
    Yes,
    No,
}

/// Asks on stderr until a line of stdin answers; the end of stdin means no.
pub(super) fn ask(question: &str, default: DefaultAnswer) -> io::Result<bool> {
    let choice = match default {
        DefaultAnswer::Yes => "[Y/n]",
        DefaultAnswer::No => "[y/N]",
    };
    let mut input = io::stdin().lock();
    loop {
        write!(io::stderr(), "{question} {choice} ")?;
        let Some(line) = read_line(&mut input)? else {
            writeln!(io::stderr())?;
            return Ok(false);
        };
        if let Some(answer) = answer(&line, default) {
            return Ok(answer);
        }
    }
}

/// Reads a line, whatever its bytes are; `None` at the end.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let length = input.read_until(b'\n', &mut line)?;
    Ok((length > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

/// Returns what a line means; `None` where that is neither yes nor no.
fn answer(line: &str, default: DefaultAnswer) -> Option<bool> {
    match line.trim().to_ascii_lowercase().as_str() {
        "" => Some(default == DefaultAnswer::Yes),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_bytes_that_are_no_text_is_no_answer() {
        let mut input = &b"\xe9\nyes\n"[..];
        let mut next = || read_line(&mut input).unwrap();
        let wrong = next().unwrap();
        assert_eq!(answer(&wrong, DefaultAnswer::Yes), None);
        assert_eq!(next().as_deref(), Some("yes\n"));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_is_yes_no_the_default_or_no_answer() {
        for (line, expected) in [
            ("y\n", Some(true)),
            ("YES\n", Some(true)),
            (" n \n", Some(false)),
            ("No\n", Some(false)),
            ("yep\n", None),
        ] {
            assert_eq!(answer(line, DefaultAnswer::Yes), expected, "{line:?}");
        }
        assert_eq!(answer("\n", DefaultAnswer::Yes), Some(true));
        assert_eq!(answer("\n", DefaultAnswer::No), Some(false));
    }
}
