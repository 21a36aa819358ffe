//! `repogen rollback`: a suite holds again what it held.

use archive_catalog::SnapshotId;
use clap::Args;
use debian_archive::publish::PublishMode;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::publish::publish_one;
use super::system_clock::now;
use super::{select, signing};

/// Restore a suite to exactly what a snapshot held, and publish it with a new Date.
///
/// Prints what `publish` prints. apt does not downgrade by itself: clients keep newer versions that they installed in
/// the meantime.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// Codename or alias of the suite; optional when there is only one.
    #[arg(long)]
    suite: Option<String>,
    /// ID of the snapshot, from `repogen snapshot list`.
    #[arg(value_name = "ID")]
    id: SnapshotId,
}

pub(super) fn run(args: RollbackArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suite = select::suite(archive.config(), args.suite.as_deref())?;
    // Before anything changes: what cannot be signed cannot go live.
    let signer = signing::open(&archive.config().signing, context)?;
    archive.roll_back(suite, &args.id, None, now())?;
    publish_one(&archive, suite, PublishMode::Due, signer.as_ref(), context)?;
    Ok(Completion::Success)
}
