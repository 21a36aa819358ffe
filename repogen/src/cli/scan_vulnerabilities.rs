//! `repogen scan-vulnerabilities`: what is known to be vulnerable in a suite.

use std::io::Write as _;
use std::path::Path;

use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::config::Suite;
use debian_archive::vulnerabilities::{
    Affected, DatabaseError, ScanError, SecurityReport, VulnerabilityDatabase, wanted,
};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::context::Context;
use super::exit::{Completion, Failure, REJECTED};
use super::select;
use super::system_clock::now;
use crate::fetch::Fetcher;
use debian_control::terminal::escaped;

/// Report known vulnerabilities of the packages that suites hold.
///
/// Compares source packages and their versions with the JSON of the Debian security tracker or with records of OSV, from
/// `[vulnerabilities] source` in repogen.toml. Prints one line each: suite, severity, name, state, source package, version,
/// fixed version. The API shows the result of the last scan. Exits with 1 if any of them is `fixable` or `open`, and not
/// `unimportant`.
#[derive(Debug, Args)]
pub(super) struct ScanVulnerabilitiesArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Compare with this file, folder or address instead of `source` in repogen.toml.
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// A line with `--json`.
#[derive(Debug, Serialize)]
struct AffectedLine<'a> {
    suite: &'a str,
    #[serde(flatten)]
    affected: &'a Affected,
}

pub(super) fn run(args: &ScanVulnerabilitiesArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let config = archive.config();
    let suites = select::suites(config, &args.suite)?;
    let settings = config.vulnerabilities.as_ref();
    let source = args
        .source
        .as_deref()
        .or(settings.map(|settings| settings.source.as_str()));
    let Some(source) = source else {
        return Err(Failure::usage(
            "nothing to compare with: no `source` in [vulnerabilities] of repogen.toml",
        )
        .hint("name a file or an address: `--source FILE`"));
    };
    let mut found = 0;
    for (suite, report) in scan(&archive, &suites, source)? {
        note(suite, &report, context);
        for affected in &report.affected {
            found += usize::from(affected.is_serious());
            let line = if args.json {
                let suite = suite.codename.as_str();
                serde_json::to_string(&AffectedLine { suite, affected }).map_err(Failure::disk)?
            } else {
                text(suite, affected)
            };
            context.printer.line(line)?;
        }
    }
    Ok(Completion::after(found))
}

/// Scans suites, and keeps what is found for the API.
pub(super) fn scan<'a>(
    archive: &Archive,
    suites: &[&'a Suite],
    source: &str,
) -> Result<Vec<(&'a Suite, SecurityReport)>, Failure> {
    let wanted = wanted(archive, suites)?;
    // Below an address, the data is a file until it is read.
    let fetched = fetch(source)?;
    let path = match &fetched {
        Some(file) => file.path().to_owned(),
        None => archive.home().join(source),
    };
    let shown = if fetched.is_some() {
        Path::new(source)
    } else {
        &path
    };
    let database = VulnerabilityDatabase::read(&path, shown, &wanted)?;
    let mut reports = Vec::new();
    for suite in suites {
        reports.push((*suite, archive.scan_suite(suite, &database, now())?));
    }
    Ok(reports)
}

/// Fetches what is at an address into a file; `None` for what is on this machine.
fn fetch(source: &str) -> Result<Option<NamedTempFile>, Failure> {
    if !(source.starts_with("https://") || source.starts_with("http://")) {
        return Ok(None);
    }
    let mut file = NamedTempFile::new().map_err(Failure::disk)?;
    let fetched = Fetcher::new().and_then(|fetcher| fetcher.download(source, &mut file));
    fetched.map_err(|error| Failure::not_possible(format_args!("{error:#}")))?;
    file.flush().map_err(Failure::disk)?;
    Ok(Some(file))
}

/// Says how much of a suite the data knows: of a release that it does not have, nothing is found, and that is no good news.
pub(super) fn note(suite: &Suite, report: &SecurityReport, context: &mut Context) {
    let (checked, known, release) = (report.checked, report.known, &report.release);
    context.printer.info(format_args!(
        "suite `{}`: {checked} source packages, {known} of them known to the data of `{}`",
        suite.codename,
        escaped(release)
    ));
}

/// Returns a vulnerability as one line.
pub(super) fn text(suite: &Suite, affected: &Affected) -> String {
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}",
        suite.codename,
        affected.severity.as_str(),
        escaped(&affected.id),
        affected.standing.as_str(),
        affected.source,
        affected.source_version,
        escaped(affected.fixed_version.as_deref().unwrap_or_default())
    )
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::new(REJECTED, error)
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::disk(error)
    }
}
