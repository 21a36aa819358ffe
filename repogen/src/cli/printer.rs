//! All printing: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};

/// Data was not written to standard output.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub(super) struct PrintError(#[source] io::Error);

/// Where a command prints.
pub(super) struct Printer {
    out: BufWriter<io::Stdout>,
    /// The reader of stdout has closed it: further output is discarded.
    closed: bool,
}

/// Prints a message for people, to stderr, from a thread that has no printer.
pub(super) fn info(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

impl Printer {
    pub(super) fn new() -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            closed: false,
        }
    }

    /// Prints a line of data; a line end in a name begins no other one.
    pub(super) fn line(&mut self, line: impl Display) -> Result<(), PrintError> {
        let line = line.to_string().replace('\n', "\\u{a}");
        self.text(format_args!("{line}\n"))
    }

    /// Prints data as it is.
    pub(super) fn text(&mut self, text: impl Display) -> Result<(), PrintError> {
        let written = if self.closed {
            Ok(())
        } else {
            write!(self.out, "{text}")
        };
        self.outcome(written)
    }

    /// Prints binary data.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), PrintError> {
        let written = if self.closed {
            Ok(())
        } else {
            self.out.write_all(bytes)
        };
        self.outcome(written)
    }

    /// Flushes buffered output to stdout.
    pub(super) fn flush(&mut self) -> Result<(), PrintError> {
        let flushed = if self.closed { Ok(()) } else { self.out.flush() };
        self.outcome(flushed)
    }

    /// Prints a message for people, to stderr.
    pub(super) fn info(&mut self, message: impl Display) {
        info(message);
    }

    /// Returns whether stderr is a terminal, which can show progress.
    pub(super) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal()
    }

    fn outcome(&mut self, written: io::Result<()>) -> Result<(), PrintError> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written.map_err(PrintError),
        }
    }
}
