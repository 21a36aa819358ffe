//! `cpkgs update`.

use std::path::PathBuf;

use apt_client::fetch::FetchError;
use apt_client::lists::{self, Freshness, SuiteReport, UpdateError, Updating};
use clap::Args;
use cpkgs::machine;
use cpkgs::system::System;
use debian_control::terminal::escaped;
use serde::Serialize;

use super::architectures::Architectures;
use super::failure::{Failure, no_sources};
use super::{Context, Outcome};

/// Fetch and verify the indexes of all sources.
///
/// A source without `architectures` is updated for this machine's architecture and those added by `dpkg --add-architecture`.
#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    /// Take the foreign architectures from the dpkg of the system below this folder.
    #[arg(long, value_name = "DIR")]
    dpkg_root: Option<PathBuf>,
}

/// What became of a suite, as `--json` prints it.
#[derive(Serialize)]
struct UpdatedSuiteView<'a> {
    url: &'a str,
    suite: &'a str,
    status: &'a str,
    requests: u64,
    bytes: u64,
}

pub(super) fn run(args: &UpdateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if context.config.sources.is_empty() {
        return Err(no_sources());
    }
    let sources = context.sources()?;
    let system = args.dpkg_root.as_deref().map_or_else(System::default, System::at);
    let (fetcher, shown) = context.shown_fetcher()?;
    let updating = Updating {
        fetcher: &fetcher,
        sources: &sources,
        architectures: &Architectures::of(&system)?.default,
        cache: &context.config.cache(&context.home),
        trust_file: &context.home.trust_file(),
        now: machine::now(),
    };
    let report = lists::update(&updating, |holder| {
        let holder = holder.map_or("another cpkgs".to_owned(), |number| format!("process {number}"));
        context
            .printer
            .info(format_args!("waiting for {holder}, which is updating"));
    });
    drop(shown);
    let report = report?;
    let mut failures = Vec::new();
    for suite in report.suites {
        print(&suite, context)?;
        if let Err(error) = suite.outcome {
            failures.push(SuiteFailure {
                url: suite.url,
                suite: suite.suite,
                error,
            });
        }
    }
    // No command that follows has to read the indexes again. Where there are none, that was said.
    match context.library() {
        Err(failure) if failures.is_empty() => Err(failure),
        Err(_) => report_failures(failures).map_err(|(worst, _)| worst),
        Ok(library) => report_failures(failures).map_err(|(worst, suites)| {
            let is_kept = |(url, suite): &(String, String)| {
                let mut indexes = library.lists().indexes.iter();
                indexes.any(|index| index.url == *url && index.is_suite(suite))
            };
            match suites.iter().any(is_kept) {
                true => worst.hint("the previous indexes were kept"),
                false => worst,
            }
        }),
    }
}

fn print(suite: &SuiteReport, context: &mut Context) -> Result<(), Failure> {
    let status = match suite.outcome {
        Ok(Freshness::New) => "new",
        Ok(Freshness::Unchanged) => "unchanged",
        Err(_) => "failed",
    };
    for warning in &suite.warnings {
        context.printer.warning(format_args!(
            "{} of {} {}",
            suite.suite,
            suite.url,
            escaped(warning)
        ));
    }
    if context.printer.json() {
        return Ok(context.printer.value(&UpdatedSuiteView {
            url: &suite.url,
            suite: &suite.suite,
            status,
            requests: suite.requests,
            bytes: suite.bytes,
        })?);
    }
    Ok(context.printer.row(format_args!(
        "{}\t{}\t{status}\t{}",
        suite.url,
        suite.suite,
        super::human_size::bytes(suite.bytes)
    ))?)
}

/// Why a suite stays as it was.
struct SuiteFailure {
    url: String,
    suite: String,
    error: UpdateError,
}

impl SuiteFailure {
    /// Returns what is the same for all suites that fail for one reason: a server that cannot be reached is one trouble, whatever
    /// was to come from it. `None` where the reason is the suite's own.
    fn shared_cause(&self) -> Option<(&str, String)> {
        use std::error::Error as _;
        let cause = match &self.error {
            UpdateError::Fetch(FetchError::Offline { .. }) => "offline".to_owned(),
            UpdateError::Fetch(FetchError::ProxyLogin { proxy, .. }) => proxy.clone(),
            UpdateError::Fetch(error) if error.is_passing() => error.source()?.to_string(),
            _ => return None,
        };
        Some((self.url.as_str(), cause))
    }
}

/// Reports all failures, each cause once; the one that says most about safety decides the exit code, and is left to be reported with
/// the addresses and suites that failed.
fn report_failures(failures: Vec<SuiteFailure>) -> Result<Outcome, (Failure, Vec<(String, String)>)> {
    let suites = failures
        .iter()
        .map(|failed| (failed.url.clone(), failed.suite.clone()));
    let suites = suites.collect();
    let mut groups: Vec<Vec<SuiteFailure>> = Vec::new();
    for failure in failures {
        let cause = failure.shared_cause();
        let same = |group: &&mut Vec<SuiteFailure>| {
            cause.is_some() && group.first().is_some_and(|first| first.shared_cause() == cause)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    let mut failures: Vec<Failure> = groups.into_iter().filter_map(joined).collect();
    failures.sort_by_key(Failure::gravity);
    let Some(worst) = failures.pop() else {
        return Ok(Outcome::Success);
    };
    for failure in &failures {
        failure.print();
    }
    Err((worst, suites))
}

/// Returns one failure for suites that fail for one reason.
fn joined(group: Vec<SuiteFailure>) -> Option<Failure> {
    let names: Vec<String> = group.iter().map(|failed| format!("`{}`", failed.suite)).collect();
    let first = group.into_iter().next()?;
    let url = first.url;
    let failure = Failure::from(first.error);
    Some(match names.as_slice() {
        [_] => failure,
        names => failure.context(format_args!("cannot update {} of `{url}`", names.join(", "))),
    })
}
