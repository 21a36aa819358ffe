//! The `repogen` program: the archive from the shell.
//!
//! One file a command in `cli/`: it parses arguments, calls `debian-archive`, and prints what that returns. It never serves HTTP, except
//! the metrics of `repogen watch`.

mod cli;
mod fetch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
