//! `repogen snapshot diff`: what lies between two states.

use archive_catalog::SnapshotId;
use clap::Args;
use debian_archive::config::Suite;
use debian_archive::snapshots::DifferenceView;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::select;

/// Compare a snapshot with another one, or with what the suite holds now.
///
/// Prints one line a package: `added`, `removed` or `changed`, suite, component, name, architecture, old version and new
/// version; `-` stands for no version.
#[derive(Debug, Args)]
pub(crate) struct SnapshotDiffArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// ID of the older snapshot.
    #[arg(value_name = "ID")]
    from: SnapshotId,
    /// ID of the newer snapshot [default: what the catalog holds now].
    #[arg(value_name = "ID2")]
    to: Option<SnapshotId>,
}

pub(crate) fn run(args: SnapshotDiffArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = select::suites(archive.config(), &args.suite)?;
    let from = archive.states_named(&suites, &args.from)?;
    let covered: Vec<&Suite> = from.iter().map(|(suite, _)| *suite).collect();
    let to = args
        .to
        .map(|id| archive.states_named(&covered, &id))
        .transpose()?;
    for (suite, state) in from {
        let revision = match &to {
            None => None,
            Some(states) => match states.iter().find(|(other, _)| other.codename == suite.codename) {
                Some((_, other)) => Some(other.revision),
                // The other snapshot says nothing of this suite.
                None => continue,
            },
        };
        let differences = archive.differences_between(suite, state.revision, revision)?;
        for difference in differences.part(0..differences.count())? {
            let view = DifferenceView::new(suite, &difference);
            let line = if args.json {
                serde_json::to_string(&view).map_err(Failure::disk)?
            } else {
                line(&view)
            };
            context.printer.line(line)?;
        }
    }
    Ok(Completion::Success)
}

fn line(view: &DifferenceView) -> String {
    [
        view.change,
        &view.suite,
        &view.component,
        &view.name,
        &view.architecture,
        view.before.as_deref().unwrap_or("-"),
        view.after.as_deref().unwrap_or("-"),
    ]
    .join("\t")
}
