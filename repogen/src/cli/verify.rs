//! `repogen verify`: every byte.

use clap::Args;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::select;
use super::system_clock::now;
use debian_control::terminal::escaped;

/// Check every byte: pool, indexes, digests, signatures, validity.
///
/// Prints one line a finding: kind, path, detail. Prints nothing when there is no finding.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Only the indexes of this suite, and the pool; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: VerifyArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = select::suites(archive.config(), &args.suite)?;
    let findings = archive.verify(&suites, now())?;
    for finding in &findings {
        if args.json {
            let line = serde_json::to_string(finding).map_err(Failure::disk)?;
            context.printer.line(line)?;
        } else {
            let (path, detail) = (escaped(&finding.path), escaped(&finding.detail));
            context
                .printer
                .line(format_args!("{}\t{path}\t{detail}", finding.kind))?;
        }
    }
    Ok(Completion::after(findings.len()))
}
