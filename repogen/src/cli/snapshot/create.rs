//! `repogen snapshot create`: a state that stays.

use archive_catalog::SnapshotId;
use clap::Args;
use debian_archive::snapshots::Pinning;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::system_clock::SystemClock;
use crate::cli::{select, signing};

/// Pin what is published now, and serve it under snapshots/ID/ until the snapshot is deleted.
///
/// Prints the ID: the Date of the newest publish among those pinned. Unpublished changes are not part of the snapshot.
/// Repeating the command changes nothing. With an ID, pins an earlier publish that is still kept; a snapshot that is
/// already pinned is rewritten if its files are missing or the signing keys have changed.
#[derive(Debug, Args)]
pub(crate) struct SnapshotCreateArgs {
    /// Only this suite; repeatable [default: every published suite].
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// ID of an earlier publish to pin instead.
    #[arg(value_name = "ID")]
    id: Option<SnapshotId>,
}

pub(crate) fn run(args: SnapshotCreateArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let signer = signing::open(&archive.config().signing, context)?;
    let pinning = Pinning {
        signer: signer.as_ref(),
        clock: &SystemClock,
        by: None,
    };
    let mut suites = select::suites(archive.config(), &args.suite)?;
    let id = match args.id {
        Some(id) => {
            archive.pin_kept(&suites, &id, pinning)?;
            id
        }
        None => {
            if args.suite.is_empty() && suites.len() > 1 {
                let mut published = Vec::new();
                for suite in suites {
                    if !archive.catalog().states(&suite.codename)?.is_empty() {
                        published.push(suite);
                    }
                }
                suites = published;
            }
            if suites.is_empty() {
                return Err(Failure::not_possible("nothing has been published yet")
                    .hint("run `repogen publish` first"));
            }
            archive.pin_published(&suites, pinning)?
        }
    };
    context.printer.line(&id)?;
    Ok(Completion::Success)
}
