//! `uploader completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::UploaderArguments;
use super::error::CommandError;
use super::output::print;

/// Print what makes a shell complete this program's words.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut UploaderArguments::command(),
        "uploader",
        &mut script,
    );
    print(String::from_utf8_lossy(&script).trim_end())
}
