//! What commands print: data on stdout, failures on stderr.

use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;

use debian_archive::error_text::with_causes;

use super::error::CommandError;

/// Prints a line of data. A closed pipe is not a failure; a full disk is, since a token is shown once only.
pub(super) fn print(line: &str) -> Result<(), CommandError> {
    let mut out = io::stdout();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written
            .context("cannot write to standard output")
            .map_err(CommandError::NotPossible),
    }
}

/// Prints why a command ended early.
pub(super) fn print_error(error: &CommandError) {
    let _ = writeln!(io::stderr(), "error: {}", with_causes(error.cause().as_ref()));
}
