//! All printing: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use cli_kit::{Output, PrintError};

/// Where a command prints.
pub(super) struct Printer {
    out: Output,
}

/// Prints a message for people, to stderr, from a thread that has no printer.
pub(super) fn info(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

impl Printer {
    pub(super) fn new() -> Self {
        Self {
            out: Output::stdout(),
        }
    }

    /// Prints a line of data; a line end in a name begins no other one.
    pub(super) fn line(&mut self, line: impl Display) -> Result<(), PrintError> {
        let line = line.to_string().replace('\n', "\\u{a}");
        self.text(format_args!("{line}\n"))
    }

    /// Prints data as it is.
    pub(super) fn text(&mut self, text: impl Display) -> Result<(), PrintError> {
        self.out.text(text)
    }

    /// Prints binary data.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), PrintError> {
        self.out.bytes(bytes)
    }

    /// Flushes buffered output to stdout.
    pub(super) fn flush(&mut self) -> Result<(), PrintError> {
        self.out.flush()
    }

    /// Prints a message for people, to stderr.
    pub(super) fn info(&mut self, message: impl Display) {
        info(message);
    }

    /// Returns whether stderr is a terminal, which can show progress.
    pub(super) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal()
    }
}
