//! `repogen doctor`: would apt accept the archive?

use clap::Args;
use debian_archive::doctor::{Diagnosis, Level, Served};
use debian_archive::sign;
use debian_control::terminal::escaped;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::select;
use super::system_clock::now;
use crate::fetch::Fetcher;

/// Check whether apt accepts the archive, today and under the rules announced for the next years.
///
/// Examines keys, signatures, dates, by-hash names, permissions and free space, and asks the server at `url` as apt and
/// caches would. Prints one line a check: level (`ok`, `skipped`, `warning`, `error`), area, place, finding and advice. Exits
/// with 1 if anything is a warning or an error.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Do not ask the server at `url`.
    #[arg(long)]
    offline: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &DoctorArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let config = archive.config();
    let suites = select::suites(config, &args.suite)?;
    let signer = sign::open(&config.signing, &context.root, now());
    let signer = signer.as_ref().map(|signer| signer.as_ref());
    let fetcher = match &config.url {
        Some(_) if !args.offline => Some(Fetcher::new().map_err(Failure::disk)?),
        _ => None,
    };
    let served = fetcher.as_ref().map(|fetcher| fetcher as &dyn Served);
    let lines = archive.diagnose(&suites, signer, served, now())?;
    for line in &lines {
        let text = if args.json {
            serde_json::to_string(line).map_err(Failure::disk)?
        } else {
            text(line)
        };
        context.printer.line(text)?;
    }
    let findings = lines.iter().filter(|line| line.level > Level::Skipped);
    Ok(Completion::after(findings.count()))
}

fn text(line: &Diagnosis) -> String {
    let (place, found) = (escaped(&line.place), escaped(&line.found));
    let text = format!("{}\t{}\t{place}\t{found}", line.level, line.area);
    match &line.advice {
        Some(advice) => format!("{text}\t{}", escaped(advice)),
        None => text,
    }
}
