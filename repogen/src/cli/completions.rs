//! `repogen completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::exit::{Completion, Failure};
use super::{Arguments, Context};

/// Print what makes a shell complete this program's words.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Completion, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "repogen", &mut script);
    context.printer.bytes(&script)?;
    Ok(Completion::Success)
}
