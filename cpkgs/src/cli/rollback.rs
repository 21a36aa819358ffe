//! `cpkgs rollback`.

mod system;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use rootless::generation::{Difference, Generations};

use super::candidates;
use super::failure::Failure;
use super::history::{difference_lines, generation_number};
use super::install_target::InstallTargetArgs;
use super::options::{DRY_RUN_OF_APT, run_of};
use super::{Context, Outcome};

/// Return to an earlier generation, exactly and offline; with --system, undo a change of the system.
///
/// With --system, packages that the change installed are removed, and packages that it removed or changed return to their
/// previous versions, if a source still has them. It is refused if one of them changed again since, or is now needed by others.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// The number of a generation, or with --system the ID of a change, as listed by `cpkgs history` [default: the previous
    /// generation, or the newest change].
    #[arg(value_name = "NUMBER|ID", add = ArgValueCompleter::new(candidates::changes))]
    to: Option<String>,
    /// Show what would change, and change nothing.
    #[arg(long, short = 's', aliases = DRY_RUN_OF_APT)]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn run(args: &RollbackArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.target.is_system() {
        let run = run_of(args.dry_run);
        let target = context.install_target(&args.target, run)?;
        return system::run(&args.target.system(), args.to.as_deref(), run, &target, context);
    }
    let number = args.to.as_deref().map(generation_number).transpose()?;
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let generations = Generations::new(&install);
    let wanted = rootless::rollback_target(&install, number)?;
    let difference = Difference::between(&generations.current_plan()?, &wanted);
    show(&difference, args.dry_run, context)?;
    if args.dry_run {
        return Ok(Outcome::Success);
    }
    let (number, kept) = rootless::rollback(&install, number)?;
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

/// Prints what a rollback changes: as data where nothing else is done.
fn show(difference: &Difference, dry_run: bool, context: &mut Context) -> Result<(), Failure> {
    if dry_run && context.printer.json() {
        return Ok(context.printer.value(difference)?);
    }
    let lines = difference_lines(difference);
    if lines.is_empty() {
        context.printer.info("no package changes");
    }
    for line in lines {
        if dry_run {
            context.printer.line(line)?;
        } else {
            context.printer.info(line);
        }
    }
    Ok(())
}
