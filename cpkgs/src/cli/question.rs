//! Questions that are answered with yes or no.
//!
//! A line is read as the terminal hands it over: whoever interrupts it there finds the terminal as it was.

use std::io::{self, Write as _};

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
    loop {
        write!(io::stderr(), "{question} {choice} ")?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            writeln!(io::stderr())?;
            return Ok(false);
        }
        if let Some(answer) = answer(&line, default) {
            return Ok(answer);
        }
    }
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
