//! What commands print: data on stdout, at once.

use cli_kit::{Output, PrintError};

use super::error::CommandError;

/// Prints a line of data. A closed pipe is not a failure; a full disk is, since a token is shown once only.
pub(super) fn print(line: &str) -> Result<(), CommandError> {
    print_bytes(format!("{line}\n").as_bytes())
}

/// Prints data as it is.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), CommandError> {
    let mut out = Output::stdout();
    let printed: Result<(), PrintError> = out.bytes(bytes).and_then(|()| out.flush());
    printed.map_err(CommandError::not_possible)
}
