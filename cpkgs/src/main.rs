//! The `cpkgs` program: packages from any Debian archive, with or without root.
//!
//! One file a command in `cli/`; the library of this crate plans and changes, and `cli/` alone asks and prints. It never links the
//! archive's crates, and never mounts or unshares: `rootless` does.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
