//! `cpkgs depends`.

use std::collections::BTreeSet;

use apt_client::package_cache::{PackageCache, PackageSummary};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use debian_control::terminal::escaped;
use debian_control::version::Version;

use super::candidates;
use super::failure::Failure;
use super::relations::{NeedView, groups, names, stanza_of};
use super::unknown_package::unknown_package;
use super::{Context, Outcome};

/// The fields that are shown, in this order.
const SHOWN: [&str; 8] = [
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Suggests",
    "Enhances",
    "Conflicts",
    "Breaks",
    "Replaces",
];

/// Show what a package depends on and conflicts with.
#[derive(Debug, Args)]
pub(super) struct DependsArgs {
    /// The package.
    #[arg(add = ArgValueCompleter::new(candidates::packages))]
    name: String,
    /// Show dependencies of dependencies too.
    #[arg(long)]
    tree: bool,
}

pub(super) fn run(args: &DependsArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let library = context.library()?;
    let summary = newest(&library, &args.name).ok_or_else(|| unknown_package(&args.name, &library))?;
    if args.tree {
        let mut met = BTreeSet::new();
        return tree(&library, &summary, 0, &mut met, context).map(|()| Outcome::Success);
    }
    let text = library.stanza_of(&summary)?;
    let stanza = stanza_of(&text)?;
    for field in SHOWN {
        for group in groups(&stanza, field) {
            if context.printer.json() {
                context.printer.value(&NeedView {
                    package: summary.name,
                    field,
                    relation: group,
                })?;
            } else {
                context.printer.row(format_args!("{field}\t{group}"))?;
            }
        }
    }
    Ok(Outcome::Success)
}

/// Prints what a package needs below it, each package once.
fn tree(
    library: &PackageCache,
    summary: &PackageSummary<'_>,
    depth: usize,
    met: &mut BTreeSet<String>,
    context: &mut Context,
) -> Result<(), Failure> {
    // Deeper than any chain of needs, and far less than a stack.
    const DEEPEST: usize = 100;
    let again = !met.insert(summary.name.to_owned());
    let mark = if again { " (above)" } else { "" };
    let indent = "  ".repeat(depth);
    context.printer.line(escaped(&format!(
        "{indent}{} {}{mark}",
        summary.name, summary.version
    )))?;
    if again || depth >= DEEPEST {
        return Ok(());
    }
    let text = library.stanza_of(summary)?;
    let stanza = stanza_of(&text)?;
    for field in ["Pre-Depends", "Depends"] {
        for group in groups(&stanza, field) {
            let real = names(group).into_iter().find_map(|name| newest(library, &name));
            match real {
                Some(needed) => tree(library, &needed, depth + 1, met, context)?,
                None => {
                    let indent = "  ".repeat(depth + 1);
                    context
                        .printer
                        .line(escaped(&format!("{indent}{group} (virtual or missing)")))?;
                }
            }
        }
    }
    Ok(())
}

/// Returns the newest package of a name.
fn newest<'l>(library: &'l PackageCache, name: &str) -> Option<PackageSummary<'l>> {
    let version = |summary: &PackageSummary<'_>| summary.version.parse::<Version>().ok();
    let named = library.summaries().named(name);
    named.max_by(|left, right| version(left).cmp(&version(right)))
}
