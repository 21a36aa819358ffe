//! `repogen prune`: retention.

use archive_catalog::PruneMode;
use clap::Args;
use debian_archive::prune::Pruned;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::system_clock::now;
use debian_control::terminal::escaped;

/// Apply retention: remove old versions from their suites, and delete files that nothing names.
///
/// Prints `removed`, suite, name, version and architecture for each version, and `deleted`, path and reason for each
/// file. Removed versions leave the indexes with the next publish.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Print what would be removed or deleted, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: PruneArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let pruning = if args.dry_run {
        PruneMode::DryRun
    } else {
        PruneMode::Delete
    };
    let pruned = archive.prune(pruning, now())?;
    print(&pruned, context)?;
    if args.dry_run {
        context.printer.info("nothing was changed (--dry-run)");
    }
    let mut failures: Vec<Failure> = pruned.failures.into_iter().map(Failure::from).collect();
    let last = failures.pop();
    for failure in &failures {
        let _ = failure.print();
    }
    // Its report is that of the program's end, and its exit code that of all of them.
    last.map_or(Ok(Completion::Success), Err)
}

/// Prints what a prune did, or would do.
pub(super) fn print(pruned: &Pruned, context: &mut Context) -> Result<(), Failure> {
    for version in &pruned.forgotten.versions {
        context.printer.line(format_args!(
            "removed\t{}\t{}\t{}\t{}",
            version.suite, version.name, version.version, version.architecture
        ))?;
    }
    for (path, why) in &pruned.deleted {
        context
            .printer
            .line(format_args!("deleted\t{}\t{why}", escaped(path)))?;
    }
    Ok(())
}
