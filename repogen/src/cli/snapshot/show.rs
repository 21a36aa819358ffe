//! `repogen snapshot show`: what a state holds.

use archive_catalog::{SnapshotId, SnapshotPackage};
use clap::Args;
use debian_archive::config::Suite;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::select;

/// List the packages of a snapshot: name, version, architecture, suite and component.
#[derive(Debug, Args)]
pub(crate) struct SnapshotShowArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// ID of the snapshot.
    #[arg(value_name = "ID")]
    id: SnapshotId,
}

#[derive(Serialize)]
struct HeldView<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    suite: &'a str,
    component: &'a str,
    size: u64,
    checksum: String,
    /// `null` where its file is gone.
    filename: Option<String>,
}

/// Returns the path of its file below the root.
fn filename(suite: &Suite, package: &SnapshotPackage) -> Option<String> {
    let path = package.path.as_deref()?;
    Some(archive_storage::pool::below_root(suite.pool_tree(), path))
}

pub(crate) fn run(args: SnapshotShowArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = select::suites(archive.config(), &args.suite)?;
    for (suite, state) in archive.states_named(&suites, &args.id)? {
        let held = archive
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), Some(state.revision))?
            .packages()?;
        for package in held {
            if args.json {
                let view = HeldView {
                    name: package.name.as_str(),
                    version: package.version.as_str(),
                    architecture: package.architecture.as_str(),
                    suite: suite.codename.as_str(),
                    component: package.component.as_str(),
                    size: package.size,
                    checksum: package.sha256.to_string(),
                    filename: filename(suite, &package),
                };
                let line = serde_json::to_string(&view).map_err(Failure::disk)?;
                context.printer.line(line)?;
                continue;
            }
            context.printer.line(format_args!(
                "{}\t{}\t{}\t{}\t{}",
                package.name, package.version, package.architecture, suite.codename, package.component
            ))?;
        }
    }
    Ok(Completion::Success)
}
