//! `repogen check`: what cannot be installed.

use std::path::PathBuf;

use clap::Args;
use debian_archive::check::{BaseIndex, CheckReport};
use debian_control::architecture::Architecture;
use serde::Serialize;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::select;
use debian_control::terminal::escaped;

/// Find packages that cannot be installed, and say why.
///
/// Prints each such package with the shortest chain of unmet relations. Checks what the catalog holds, whether it is
/// published or not.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// A Packages file (plain, gz, xz or zst) of another archive that clients use as well: its packages satisfy
    /// dependencies and are not checked; repeatable.
    #[arg(long, value_name = "FILE")]
    base: Vec<PathBuf>,
    /// Only this architecture; repeatable.
    #[arg(long, value_name = "ARCH")]
    architecture: Vec<Architecture>,
    /// Print one JSON object a line: each package that cannot be installed, then the counts.
    #[arg(long)]
    json: bool,
}

/// The last line with `--json`.
#[derive(Debug, Clone, Copy, Serialize)]
struct CheckCounts {
    checked: usize,
    broken: usize,
}

pub(super) fn run(args: CheckArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = select::suites(archive.config(), &args.suite)?;
    let base: Vec<BaseIndex> = args
        .base
        .iter()
        .map(|path| BaseIndex::read(path))
        .collect::<Result<_, _>>()?;
    let mut counts = CheckCounts {
        checked: 0,
        broken: 0,
    };
    for suite in suites {
        let architectures = match args.architecture.as_slice() {
            [] => &suite.architectures,
            chosen => chosen,
        };
        let checked = archive.check(suite, architectures, &base)?;
        for over in &checked.passed_over {
            context
                .printer
                .info(format_args!("warning: {}", escaped(&over.to_string())));
        }
        counts.checked += checked.checked;
        counts.broken += checked.broken.len();
        if args.json {
            print_json(&checked, context)?;
        } else {
            print_text(&checked, context)?;
        }
    }
    if args.json {
        context
            .printer
            .line(serde_json::to_string(&counts).map_err(Failure::disk)?)?;
    }
    Ok(Completion::after(counts.broken))
}

fn print_json(checked: &CheckReport, context: &mut Context) -> Result<(), Failure> {
    for broken in &checked.broken {
        context
            .printer
            .line(serde_json::to_string(broken).map_err(Failure::disk)?)?;
    }
    Ok(())
}

fn print_text(checked: &CheckReport, context: &mut Context) -> Result<(), Failure> {
    for broken in &checked.broken {
        let (package, version, architecture) = (&broken.package, &broken.version, &broken.architecture);
        context
            .printer
            .line(format_args!("{package}\t{version}\t{architecture}"))?;
        for reason in &broken.reasons {
            context.printer.line(format_args!("  {}", escaped(reason)))?;
        }
    }
    Ok(())
}
