//! `cpkgs update`.

use apt_client::lists::{self, Freshness, SuiteReport, Updating};
use clap::Args;
use cpkgs::machine;
use debian_control::terminal::escaped;
use serde::Serialize;

use super::failure::{Failure, USAGE};
use super::{Context, Done};

/// Fetches and verifies the indexes of all sources.
#[derive(Debug, Args)]
pub(super) struct UpdateArgs {}

/// What became of a suite, as `--json` prints it.
#[derive(Serialize)]
struct SuiteView<'a> {
    url: &'a str,
    suite: &'a str,
    status: &'a str,
    requests: u64,
    bytes: u64,
}

pub(super) fn run(_: &UpdateArgs, context: &mut Context) -> Result<Done, Failure> {
    if context.config.sources.is_empty() {
        return Err(Failure::saying(USAGE, "there is no source").hint("`cpkgs source add URL` adds one"));
    }
    let sources = context.sources()?;
    let (fetcher, shown) = context.shown_fetcher()?;
    let updating = Updating {
        fetcher: &fetcher,
        sources: &sources,
        native: machine::architecture(),
        cache: &context.config.cache(&context.home),
        trust_file: &context.home.trust_file(),
        now: machine::now(),
    };
    let report = lists::update(&updating, |holder| {
        context
            .printer
            .tell(format_args!("waiting for process {holder}, which updates"));
    });
    drop(shown);
    let report = report?;
    let mut failures = Vec::new();
    for suite in report.suites {
        print(&suite, context)?;
        failures.extend(suite.outcome.err().map(Failure::from));
    }
    // No command that follows has to read the indexes again. Where there are none, that was said.
    match context.library().map(drop) {
        Err(failure) if failures.is_empty() => Err(failure),
        _ => worst(failures, context),
    }
}

fn print(suite: &SuiteReport, context: &mut Context) -> Result<(), Failure> {
    let status = match suite.outcome {
        Ok(Freshness::New) => "new",
        Ok(Freshness::Unchanged) => "unchanged",
        Err(_) => "failed",
    };
    if let Some(warning) = &suite.warning {
        context.printer.tell(format_args!(
            "warning: {} of {} {}",
            suite.suite,
            suite.url,
            escaped(warning)
        ));
    }
    if context.printer.json() {
        return context.printer.value(&SuiteView {
            url: &suite.url,
            suite: &suite.suite,
            status,
            requests: suite.requests,
            bytes: suite.bytes,
        });
    }
    context.printer.row(format_args!(
        "{}\t{}\t{status}\t{}",
        suite.url,
        suite.suite,
        super::amount::bytes(suite.bytes)
    ))
}

/// Reports all failures; the one that says most about safety decides the exit code.
fn worst(mut failures: Vec<Failure>, context: &mut Context) -> Result<Done, Failure> {
    failures.sort_by_key(Failure::gravity);
    let Some(worst) = failures.pop() else {
        return Ok(Done::Well);
    };
    for failure in &failures {
        failure.report(&mut context.printer);
    }
    Err(worst.hint("what was there before stands"))
}
