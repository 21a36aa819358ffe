//! Errors as people read them.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::{Error, anyhow};
use debian_control::terminal::escaped;

/// What went wrong, its causes, and what would help.
#[derive(Debug)]
pub struct ErrorReport {
    error: Error,
    hints: Vec<String>,
}

impl ErrorReport {
    /// Makes one of an error and its causes.
    pub fn new(error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// Makes one that has no error below it.
    pub fn saying(message: impl Display) -> Self {
        Self::new(anyhow!("{message}"))
    }

    /// Adds what would help.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Says first what could not be done; what is said so far becomes the cause.
    #[must_use]
    pub fn context(mut self, what: impl Display) -> Self {
        self.error = self.error.context(what.to_string());
        self
    }

    /// Returns the error.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns what would help.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Returns its lines: the error, its causes, then the hints.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("error: {}", one_line(&self.error))];
        let causes = self.error.chain().skip(1);
        lines.extend(causes.map(|cause| format!("  caused by: {}", one_line(cause))));
        lines.extend(self.hints.iter().map(|hint| format!("hint: {}", one_line(hint))));
        lines
    }

    /// Prints its lines on stderr.
    pub fn print(&self) {
        let mut stderr = io::stderr().lock();
        for line in self.lines() {
            // Nobody is left to say it to.
            let _ = writeln!(stderr, "{line}");
        }
    }
}

/// Returns text in one line that is safe for a terminal.
pub fn one_line(text: impl Display) -> String {
    escaped(&text.to_string().trim_end().replace('\n', "; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_its_causes_and_hints_have_a_line_each() {
        let report = ErrorReport::saying("no\nsuch \u{1b}[2J file\n")
            .context("cannot read `x`")
            .hint("look\nthere");
        assert_eq!(
            report.lines(),
            [
                "error: cannot read `x`",
                "  caused by: no; such \\u{1b}[2J file",
                "hint: look; there"
            ]
        );
    }
}
