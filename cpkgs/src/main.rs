//! The `cpkgs` program: packages from any Debian archive, with and without root.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
