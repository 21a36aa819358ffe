//! `cpkgs repair`.

use clap::Args;
use cpkgs::rootless;

use super::failure::Failure;
use super::{Context, Done};

/// Finishes or undoes what was cut off, and looks whether all packages are there.
#[derive(Debug, Args)]
pub(super) struct RepairArgs {}

pub(super) fn run(_: &RepairArgs, context: &mut Context) -> Result<Done, Failure> {
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let swept = rootless::repair(&install)?;
    context.printer.tell(format_args!(
        "all is in order; {} unfinished things removed",
        swept.unfinished
    ));
    if context.printer.json() {
        context
            .printer
            .value(&serde_json::json!({ "unfinished": swept.unfinished }))?;
    }
    Ok(Done::Well)
}
