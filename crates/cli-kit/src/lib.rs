//! What the command lines of all programs share: data on stdout, error reports, man pages and the end of `--help`.
//!
//! Called by the commands of `cpkgs`, `repogen` and `uploader`, and by nothing else. It decides no exit code: which error ends with
//! which code is each program's contract.

pub mod completions;
mod error_report;
pub mod man;
mod output;

pub use error_report::{ErrorReport, one_line};
pub use output::{Output, PrintError};

/// The place of an option of all commands in `--help`: behind those of the command itself, and before `--help`.
pub const GLOBAL_OPTION: usize = 900;
