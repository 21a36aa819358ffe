//! `repogen snapshot list`: what can be gone back to.

use archive_catalog::{Publication, Retained, RetainedState};
use clap::Args;
use debian_archive::config::Suite;
use debian_control::release::format_iso;
use serde::Serialize;

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

pub(crate) fn run(args: SnapshotListArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let progress = archive.catalog().progress()?;
    let mut states: Vec<(RetainedState, &Suite, bool)> = Vec::new();
    for suite in select::suites(archive.config(), &args.suite)? {
        let live = progress
            .iter()
            .find(|found| found.suite == suite.codename)
            .and_then(|found| found.publication.as_ref());
        let of_suite = archive.catalog().states(&suite.codename)?;
        states.extend(of_suite.into_iter().map(|state| {
            let is_live = is_live(&state, live);
            (state, suite, is_live)
        }));
    }
    // Stable: suites of one name stay in the order of the configuration.
    states.sort_by(|(left, ..), (right, ..)| right.id.cmp(&left.id));
    for (state, suite, is_live) in &states {
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
                live: *is_live,
                kept_until: until,
            };
            let line = serde_json::to_string(&view).map_err(Failure::disk)?;
            context.printer.line(line)?;
            continue;
        }
        let kept = match state.kept {
            Retained::Pinned => "pinned".to_owned(),
            Retained::Live => "live".to_owned(),
            Retained::SupersededAt(_) => until.expect("a superseded state has an end"),
        };
        context.printer.line(format_args!(
            "{}\t{}\t{}\t{kept}",
            state.id, suite.codename, state.packages
        ))?;
    }
    Ok(Completion::Success)
}

/// Returns whether a state is what is published now. One that is pinned is both, which its [`Retained`] does not say.
fn is_live(state: &RetainedState, live: Option<&Publication>) -> bool {
    live.is_some_and(|live| (live.revision, live.date) == (state.revision, state.date))
}

#[cfg(test)]
mod tests {
    use archive_catalog::SnapshotId;

    use super::*;

    #[test]
    fn a_pinned_state_is_live_while_it_is_what_is_published() {
        let publication = |revision, date| Publication {
            revision,
            packages: 1,
            date,
            superseded_at: None,
            settings: String::new(),
            inrelease: debian_control::digest::Sha256::from_bytes([0; 32]),
            valid_until: None,
            contents: None,
            files: Vec::new(),
        };
        let pinned = RetainedState {
            id: SnapshotId::of(100),
            revision: 7,
            date: 100,
            packages: 1,
            kept: Retained::Pinned,
        };
        assert!(is_live(&pinned, Some(&publication(7, 100))));
        // Published again, or changed, under a later Date.
        assert!(!is_live(&pinned, Some(&publication(7, 101))));
        assert!(!is_live(&pinned, Some(&publication(8, 101))));
        assert!(!is_live(&pinned, None));
    }
}
