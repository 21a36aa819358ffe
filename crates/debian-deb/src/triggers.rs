//! `triggers`: what a package waits for and what it sets off.
//!
//! Checked as dpkg parses the file when it unpacks; nothing here needs what it says.
//!
//! Source: deb-triggers(5), and dpkg's `lib/dpkg/triglib.c` and `trigname.c`.

use debian_control::name::{is_known_to_dpkg, shown};

/// The longest line that dpkg reads, in bytes, without its line break.
const MAX_LINE: usize = 254;

/// Why `triggers` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TriggersError {
    line: usize,
    problem: TriggerProblem,
}

/// What is wrong with one line of `triggers`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerProblem {
    /// The file ends within the line.
    #[error("the line has no line break at its end")]
    Unfinished,
    /// The line is longer than dpkg reads.
    #[error("{found} bytes: dpkg reads at most {MAX_LINE}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// A byte at which dpkg stops reading the line.
    #[error("a NUL in it")]
    Nul,
    /// The first word is no directive.
    #[error(
        "unknown directive `{0}`: expected `interest` or `activate`, or one of them with `-await` or `-noawait`"
    )]
    Directive(String),
    /// A directive without the name of a trigger.
    #[error("no trigger name after `{0}`")]
    NoName(String),
    /// A name that dpkg does not take.
    #[error("invalid trigger name `{name}`: expected {expected}")]
    Name {
        /// What was found.
        name: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// Checks the text of `triggers`. Blank lines and those that begin with `#` count for nothing.
///
/// # Errors
///
/// At the first line that dpkg would refuse.
pub fn check(text: &[u8]) -> Result<(), TriggersError> {
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        check_line(line).map_err(|problem| TriggersError {
            line: number + 1,
            problem,
        })?;
    }
    Ok(())
}

fn check_line(line: &[u8]) -> Result<(), TriggerProblem> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(TriggerProblem::Unfinished);
    };
    if line.len() > MAX_LINE {
        return Err(TriggerProblem::TooLong { found: line.len() });
    }
    if line.contains(&0) {
        return Err(TriggerProblem::Nul);
    }
    let line = trim(line);
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(());
    }
    let end = line.iter().position(|&byte| is_space(byte)).unwrap_or(line.len());
    let (directive, name) = line.split_at(end);
    let name = trim(name);
    let text = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes));
    let interest = match directive {
        b"interest" | b"interest-await" | b"interest-noawait" => true,
        b"activate" | b"activate-await" | b"activate-noawait" => false,
        _ => return Err(TriggerProblem::Directive(text(directive))),
    };
    if name.is_empty() {
        return Err(TriggerProblem::NoName(text(directive)));
    }
    let invalid = |expected| {
        Err(TriggerProblem::Name {
            name: text(name),
            expected,
        })
    };
    match std::str::from_utf8(name) {
        Ok(word) if word.bytes().all(|byte| byte.is_ascii_graphic()) => {
            // dpkg keeps no trigger that nobody waits for, and does not look at its name.
            if interest && !is_trigger(word) {
                return invalid(
                    "a path without a slash at its end or two in a row, or letters, digits, `+`, `-` and `.`",
                );
            }
            Ok(())
        }
        _ => invalid("one word of printable ASCII"),
    }
}

/// Whether dpkg knows what kind of trigger a name means.
fn is_trigger(name: &str) -> bool {
    match name.strip_prefix('/') {
        Some(path) => path.split('/').all(|component| !component.is_empty()),
        None => is_known_to_dpkg(name) && !name.contains('_'),
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let Some((_, rest)) = text.split_first().filter(|(byte, _)| is_space(**byte)) {
        text = rest;
    }
    while let Some((_, rest)) = text.split_last().filter(|(byte, _)| is_space(**byte)) {
        text = rest;
    }
    text
}

/// What separates words for dpkg here: not the other blanks of C, a carriage return among them.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_with_names_and_comments_are_taken() {
        let text =
            b"# comment\n\n \t\n  interest foo\ninterest-await\tf+o-.x  \ninterest-noawait /usr/share/x\n\
            activate ldconfig\nactivate-await x\nactivate-noawait any_thing/\n";
        assert_eq!(check(text), Ok(()));
    }

    #[test]
    fn an_error_says_the_line_and_what_is_wrong() {
        for (text, expected) in [
            (
                &b"# c\nactivate ldconfig"[..],
                "line 2: the line has no line break at its end",
            ),
            (
                b"frobnicate x\n",
                "line 1: unknown directive `frobnicate`: expected `interest`",
            ),
            (b"Interest x\n", "line 1: unknown directive `Interest`"),
            (b"interest \n", "line 1: no trigger name after `interest`"),
            (
                b"activate ldconfig\r\n",
                "line 1: invalid trigger name `ldconfig\\r`: expected one word",
            ),
            (
                b"interest foo bar\n",
                "line 1: invalid trigger name `foo bar`: expected one word",
            ),
            (
                b"interest f_o\n",
                "line 1: invalid trigger name `f_o`: expected a path",
            ),
            (b"interest /usr/x/\n", "line 1: invalid trigger name `/usr/x/`"),
            (b"interest /usr//x\n", "line 1: invalid trigger name `/usr//x`"),
            (b"interest f\0o\n", "line 1: a NUL in it"),
        ] {
            let error = check(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let line = |length: usize| [&vec![b'#'; length][..], b"\n"].concat();
        assert_eq!(check(&line(254)), Ok(()));
        assert!(check(&line(255)).is_err());
    }
}
