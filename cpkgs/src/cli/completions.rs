//! `cpkgs completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::failure::{Failure, REFUSED};
use super::{Context, Outcome};

/// The variable by which a shell's script asks this program for candidates.
pub(super) const VARIABLE: &str = "CPKGS_COMPLETE";

/// Print the completion script of a shell; it asks cpkgs for names of packages, installed ones, generations, sources and suites.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let completer = shells
        .completer(&name)
        .expect("every shell that can be named is a builtin one");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "cpkgs", "cpkgs", "cpkgs", &mut script)
        .map_err(|error| Failure::new(REFUSED, error))?;
    context.printer.bytes(&script)?;
    Ok(Outcome::Success)
}
