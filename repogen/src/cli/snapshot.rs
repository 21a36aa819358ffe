//! `repogen snapshot`: what suites held, by name.

mod create;
mod delete;
mod diff;
mod list;
mod show;

use archive_catalog::SnapshotId;
use clap::{Args, Subcommand};
use debian_archive::publish::PublishError;
use debian_archive::snapshots::SnapshotError;

use super::context::Context;
use super::exit::{self, Completion, Failure};

/// Create, list, show, compare and delete snapshots of suites.
///
/// Every publish is a snapshot for the time `keep_snapshots_for`; its ID is its Date, such as 20261123T101500Z. A pinned
/// snapshot is kept until it is deleted, and is served under snapshots/ID/.
#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    #[command(subcommand)]
    command: SnapshotCommand,
}

#[derive(Debug, Subcommand)]
enum SnapshotCommand {
    Create(create::SnapshotCreateArgs),
    List(list::SnapshotListArgs),
    Show(show::SnapshotShowArgs),
    Diff(diff::SnapshotDiffArgs),
    Delete(delete::SnapshotDeleteArgs),
}

pub(super) fn run(args: SnapshotArgs, context: &mut Context) -> Result<Completion, Failure> {
    match args.command {
        SnapshotCommand::Create(args) => create::run(args, context),
        SnapshotCommand::List(args) => list::run(args, context),
        SnapshotCommand::Show(args) => show::run(args, context),
        SnapshotCommand::Diff(args) => diff::run(args, context),
        SnapshotCommand::Delete(args) => delete::run(args, context),
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        let hint = match error {
            SnapshotError::Catalog(error) => return error.into(),
            SnapshotError::Publish(error) => return error.into(),
            SnapshotError::Unfinished { ref id, ref source } => {
                let code = match **source {
                    PublishError::Sign(_) => exit::SIGNING,
                    _ => exit::DISK,
                };
                let hint = format!(
                    "`repogen snapshot create {id}` completes it, `repogen snapshot delete {id}` takes it back"
                );
                return Self::new(code, error).hint(hint);
            }
            SnapshotError::Lock(_) | SnapshotError::Store(_) => return Self::disk(error),
            SnapshotError::Unknown { ref near, .. } if near.is_empty() => {
                "nothing has been published yet: run `repogen publish`".to_owned()
            }
            SnapshotError::Unknown { ref near, .. } => {
                let names: Vec<&str> = near.iter().map(SnapshotId::as_str).collect();
                format!(
                    "the nearest are {}; `repogen snapshot list` lists all",
                    names.join(", ")
                )
            }
            SnapshotError::NeverPublished(_) => "`repogen publish` first".to_owned(),
            SnapshotError::NotPinned(_) => "`repogen snapshot list` says until when".to_owned(),
            SnapshotError::Gated { .. } => {
                "nothing was changed; `gate = \"warn\"` lets the suite go back all the same".to_owned()
            }
            SnapshotError::FilesMissing { .. } => {
                "`repogen verify` names all of them; nothing was changed".to_owned()
            }
        };
        Self::not_possible(&error).hint(hint)
    }
}
