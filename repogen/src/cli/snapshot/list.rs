//! `repogen snapshot list`: what can be gone back to.

use clap::Args;
use debian_archive::snapshots::StateView;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::select;

/// List snapshots, newest first: ID, codename, number of packages, and `pinned`, `live` or the time it is kept until.
#[derive(Debug, Args)]
pub(crate) struct SnapshotListArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: SnapshotListArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let progress = archive.catalog().progress()?;
    let mut states: Vec<StateView> = Vec::new();
    for suite in select::suites(archive.config(), &args.suite)? {
        let published = progress.iter().find(|found| found.suite == suite.codename);
        let of_suite = archive.catalog().counted_states(&suite.codename)?;
        states.extend(
            of_suite
                .iter()
                .map(|state| StateView::new(suite, state, published)),
        );
    }
    // Stable: suites of one name stay in the order of the configuration.
    states.sort_by(|left, right| right.id.cmp(&left.id));
    for state in &states {
        if args.json {
            let line = serde_json::to_string(state).map_err(Failure::disk)?;
            context.printer.line(line)?;
            continue;
        }
        let kept = match &state.kept_until {
            _ if state.pinned => "pinned",
            Some(until) => until,
            None => "live",
        };
        context.printer.line(format_args!(
            "{}\t{}\t{}\t{kept}",
            state.id, state.suite, state.packages
        ))?;
    }
    Ok(Completion::Success)
}
