//! `cpkgs rollback`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use debian_control::terminal::escaped;
use rootless::generation::Generations;

use super::candidates;
use super::difference::Difference;
use super::failure::Failure;
use super::{Context, Outcome};

/// Go back to an earlier generation, exactly and without a network.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// Its number, as `cpkgs history` lists it; left out: the one before the current one.
    #[arg(add = ArgValueCompleter::new(candidates::generations))]
    generation: Option<u64>,
}

pub(super) fn run(args: &RollbackArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let generations = Generations::new(&install);
    let before = generations.current_plan()?;
    let (number, kept) = rootless::rollback(&install, args.generation)?;
    let difference = Difference::between(&before, &generations.plan(number)?);
    let kinds = [
        ("install", &difference.added),
        ("change", &difference.changed),
        ("remove", &difference.removed),
    ];
    for (what, packages) in kinds {
        for package in packages {
            context.printer.info(escaped(&format!("{what} {package}")));
        }
    }
    context.report_kept(&install, &kept);
    context
        .printer
        .info(format_args!("generation {number} is current"));
    if context.printer.json() {
        context
            .printer
            .value(&serde_json::json!({ "generation": number }))?;
    }
    Ok(Outcome::Success)
}
