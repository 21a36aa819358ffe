//! The `repogen` program: the archive from the shell.

mod cli;
mod fetch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
