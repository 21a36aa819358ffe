//! `repogen snapshot delete`: a pinned state is let go.

use archive_catalog::SnapshotId;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::select;
use crate::cli::system_clock::now;

/// Delete a pinned snapshot; the next prune deletes packages that only it needed.
#[derive(Debug, Args)]
pub(crate) struct SnapshotDeleteArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// ID of the snapshot.
    #[arg(value_name = "ID")]
    id: SnapshotId,
}

pub(crate) fn run(args: SnapshotDeleteArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = select::suites(archive.config(), &args.suite)?;
    let states = archive.states_named(&suites, &args.id)?;
    archive.unpin(&states, None, now())?;
    Ok(Completion::Success)
}
