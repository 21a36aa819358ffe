//! `repogen snapshot diff`: what lies between two states.

use archive_catalog::{SnapshotId, SnapshotPackage};
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::config::Suite;
use debian_archive::snapshots::{Difference, SnapshotChange, differences};
use serde::Serialize;

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

#[derive(Serialize)]
struct DifferenceView<'a> {
    change: &'a str,
    suite: &'a str,
    component: &'a str,
    name: &'a str,
    architecture: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
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
        let before = held(&archive, suite, Some(state.revision))?;
        let after = held(&archive, suite, revision)?;
        for difference in differences(&before, &after) {
            let view = view(suite, &difference);
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

fn held(archive: &Archive, suite: &Suite, revision: Option<i64>) -> Result<Vec<SnapshotPackage>, Failure> {
    Ok(archive
        .catalog()
        .snapshot(&suite.codename, suite.pool_tree(), revision)?
        .packages()?)
}

fn view<'a>(suite: &'a Suite, difference: &'a Difference) -> DifferenceView<'a> {
    let (change, before, after) = match &difference.change {
        SnapshotChange::Added(version) => ("added", None, Some(version)),
        SnapshotChange::Removed(version) => ("removed", Some(version), None),
        SnapshotChange::Changed { from, to } => ("changed", Some(from), Some(to)),
    };
    DifferenceView {
        change,
        suite: suite.codename.as_str(),
        component: difference.component.as_str(),
        name: difference.name.as_str(),
        architecture: difference.architecture.as_str(),
        before: before.map(|version| version.as_str()),
        after: after.map(|version| version.as_str()),
    }
}

fn line(view: &DifferenceView<'_>) -> String {
    [
        view.change,
        view.suite,
        view.component,
        view.name,
        view.architecture,
        view.before.unwrap_or("-"),
        view.after.unwrap_or("-"),
    ]
    .join("\t")
}
