//! `repogen snapshot list`: what can be gone back to.

use archive_catalog::{Retained, RetainedState};
use clap::Args;
use debian_archive::config::Suite;
use debian_control::release::format_iso;
use serde::Serialize;

use crate::cli::exit::{Done, Failure};
use crate::cli::{Context, select};

/// List snapshots, newest first: ID, codename, number of packages, and `pinned`, `live` or the time it is kept until.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct StateView<'a> {
    id: &'a str,
    suite: &'a str,
    date: String,
    packages: u64,
    pinned: bool,
    live: bool,
    kept_until: Option<String>,
}

pub(crate) fn run(args: ListArgs, context: &mut Context) -> Result<Done, Failure> {
    let archive = context.archive()?;
    let mut states: Vec<(RetainedState, &Suite)> = Vec::new();
    for suite in select::suites(archive.config(), &args.suite)? {
        let of_suite = archive.catalog().states(&suite.codename)?;
        states.extend(of_suite.into_iter().map(|state| (state, suite)));
    }
    // Stable: suites of one name stay in the order of the configuration.
    states.sort_by(|(left, _), (right, _)| right.id.cmp(&left.id));
    for (state, suite) in &states {
        let until = match state.kept {
            Retained::SupersededAt(at) => Some(format_iso(at + suite.publications_kept_for())),
            Retained::Pinned | Retained::Live => None,
        };
        if args.json {
            let view = StateView {
                id: state.id.as_str(),
                suite: suite.codename.as_str(),
                date: format_iso(state.date),
                packages: state.packages,
                pinned: state.kept == Retained::Pinned,
                live: state.kept == Retained::Live,
                kept_until: until,
            };
            let line = serde_json::to_string(&view).map_err(Failure::disk)?;
            context.printer.line(line)?;
            continue;
        }
        let kept = match state.kept {
            Retained::Pinned => "pinned".to_owned(),
            Retained::Live => "live".to_owned(),
            Retained::SupersededAt(_) => until.unwrap_or_default(),
        };
        context.printer.line(format_args!(
            "{}\t{}\t{}\t{kept}",
            state.id, suite.codename, state.packages
        ))?;
    }
    Ok(Done::Well)
}
