//! All printing: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};

use debian_control::terminal::{escaped, escaped_json};
use serde::Serialize;

use super::failure::{Failure, REFUSED};

/// In which form data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// JSON, one value a line.
    Json,
}

/// How much is said besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// What is done, and how far it is.
    Usual,
    /// Errors only.
    Quiet,
}

/// Where a command prints.
pub(super) struct Printer {
    out: BufWriter<io::Stdout>,
    form: Form,
    talk: Talk,
    /// Whoever read stdout has gone: the rest is for nobody.
    closed: bool,
}

impl Printer {
    pub(super) fn new(form: Form, talk: Talk) -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            form,
            talk,
            closed: false,
        }
    }

    /// Says whether data is printed as JSON.
    pub(super) fn json(&self) -> bool {
        self.form == Form::Json
    }

    /// Prints a line of data, or several. What comes from packages must have been escaped.
    pub(super) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        let written = if self.closed {
            Ok(())
        } else {
            writeln!(self.out, "{line}")
        };
        self.outcome(written)
    }

    /// Prints cells between tabs, each made safe for a terminal.
    pub(super) fn row(&mut self, row: impl Display) -> Result<(), Failure> {
        let row = row.to_string();
        let cells: Vec<String> = row.split('\t').map(escaped).collect();
        self.line(cells.join("\t"))
    }

    /// Prints a value as a line of JSON.
    pub(super) fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::new(REFUSED, error))?;
        self.line(escaped_json(&text))
    }

    /// Prints bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = if self.closed {
            Ok(())
        } else {
            self.out.write_all(bytes)
        };
        self.outcome(written)
    }

    /// Hands everything on to stdout.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = if self.closed { Ok(()) } else { self.out.flush() };
        self.outcome(flushed)
    }

    /// Tells the person at the terminal something, unless all should be quiet.
    pub(super) fn tell(&mut self, message: impl Display) {
        if self.talk == Talk::Usual {
            self.warn(message);
        }
    }

    /// Says on stderr what must be said.
    pub(super) fn warn(&mut self, message: impl Display) {
        let _ = writeln!(io::stderr(), "{message}");
    }

    /// Says on stderr what a person should know although all goes on, unless all should be quiet.
    pub(super) fn warning(&self, message: impl Display) {
        if self.talk == Talk::Usual {
            let _ = writeln!(io::stderr(), "warning: {message}");
        }
    }

    /// Says whether progress may be shown on stderr.
    pub(super) fn shows_progress(&self) -> bool {
        self.talk == Talk::Usual && io::stderr().is_terminal()
    }

    fn outcome(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written.map_err(|error| {
                Failure::new(
                    REFUSED,
                    anyhow::Error::new(error).context("cannot write to stdout"),
                )
            }),
        }
    }
}
