//! What commands print: data on stdout, failures on stderr.

use std::io::Write as _;

use debian_archive::error_text::with_causes;

use super::error::CommandError;

/// Prints a line of data. A closed pipe is not a failure.
pub(super) fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints why a command ended early.
pub(super) fn print_error(error: &CommandError) {
    let _ = writeln!(
        std::io::stderr(),
        "error: {}",
        with_causes(error.cause().as_ref())
    );
}
