//! `cpkgs gc`.

use std::num::NonZeroUsize;

use clap::Args;

use super::failure::Failure;
use super::human_size::counted;
use super::{Context, Outcome};

/// Remove old generations, and packages that no generation has any more.
#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// How many generations stay to go back to, the current one among them.
    #[arg(long, value_name = "N", default_value = "3")]
    keep: NonZeroUsize,
}

pub(super) fn run(args: &GcArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let swept = rootless::collect(&install, args.keep.get())?;
    context.printer.info(format_args!(
        "removed {} and {}",
        counted(swept.generations, "generation"),
        counted(swept.packages, "package")
    ));
    if context.printer.json() {
        let value = serde_json::json!({ "generations": swept.generations, "packages": swept.packages });
        context.printer.value(&value)?;
    }
    Ok(Outcome::Success)
}
