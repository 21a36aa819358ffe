//! `uploader completions`.

use clap::CommandFactory as _;
use cli_kit::completions::CompletionsArgs;

use super::UploaderArguments;
use super::error::CommandError;
use super::output;

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CommandError> {
    output::print_bytes(&args.script(UploaderArguments::command()))
}
