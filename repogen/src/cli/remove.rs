//! `repogen remove`: packages out of a suite.

use archive_catalog::Selection;
use clap::Args;
use debian_control::architecture::Architecture;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::select::{self, PackageArg};
use super::system_clock::now;

/// Remove packages from a suite; without a version, all versions.
///
/// Prints one line a package. Files and identities are kept until they are pruned. Nothing is published.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Codename or alias of the suite; optional when there is only one.
    #[arg(long)]
    suite: Option<String>,
    /// Only this architecture.
    #[arg(long)]
    architecture: Option<Architecture>,
    /// The package, with an optional version.
    #[arg(value_name = "NAME[=VERSION]")]
    package: PackageArg,
}

pub(super) fn run(args: RemoveArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suite = select::codename(&archive, args.suite.as_deref())?;
    let selection = Selection {
        suite: Some(suite.clone()),
        name: Some(args.package.name.clone()),
        version: args.package.version.clone(),
        architecture: args.architecture,
    };
    let removed = archive
        .catalog()
        .remove(std::slice::from_ref(&selection), None, now())?;
    if removed.is_empty() {
        return Err(Failure::not_possible(format_args!(
            "no `{}` in suite `{}`",
            args.package, suite
        )));
    }
    for entry in &removed {
        let content = &entry.content;
        context.printer.line(format_args!(
            "removed\t{}\t{}\t{}",
            content.name, content.version, content.architecture
        ))?;
    }
    Ok(Completion::Success)
}
