//! `repogen completions`.

use clap::CommandFactory as _;
use cli_kit::completions::CompletionsArgs;

use super::exit::{Completion, Failure};
use super::{Arguments, Context};

pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Completion, Failure> {
    context.printer.bytes(&args.script(Arguments::command()))?;
    Ok(Completion::Success)
}
