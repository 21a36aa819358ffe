//! `cpkgs rdepends`.

use std::collections::BTreeSet;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::spec::Named;

use super::candidates;
use super::failure::{Failure, USAGE};
use super::relations::{NeedView, groups, names};
use super::unknown_package::unknown_package;
use super::{Context, Outcome};

/// The fields that need something, the strongest first.
const NEEDS: [&str; 4] = ["Pre-Depends", "Depends", "Recommends", "Suggests"];

/// Show which packages depend on a package, or on a name that packages provide.
#[derive(Debug, Args)]
pub(super) struct RdependsArgs {
    /// The package.
    #[arg(add = ArgValueCompleter::new(candidates::packages))]
    name: String,
}

pub(super) fn run(args: &RdependsArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let named = Named::parse(&args.name).map_err(|error| Failure::saying(USAGE, error))?;
    if named.version.is_some() || named.suite.is_some() {
        let text = "expected a name, and after it nothing or `:ARCHITECTURE`: packages that depend on it name no other";
        return Err(Failure::saying(USAGE, format_args!("`{named}`: {text}")));
    }
    let library = context.library()?;
    let name = named.name.as_str();
    let mut is_known = library.summaries().named(name).next().is_some();
    // Two suites may have the package with the same words in it.
    let mut shown = BTreeSet::new();
    library.each_stanza(|summary, stanza| -> Result<(), Failure> {
        let mut provided = groups(stanza, "Provides").into_iter();
        is_known |= provided.any(|group| group.contains(name) && names(group).iter().any(|has| has == name));
        for field in NEEDS {
            for group in groups(stanza, field) {
                if !group.contains(name) || !names(group).iter().any(|named| named == name) {
                    continue;
                }
                is_known = true;
                if !shown.insert((summary.name.to_owned(), field, group.to_owned())) {
                    continue;
                }
                if context.printer.json() {
                    context.printer.value(&NeedView {
                        package: summary.name,
                        field,
                        relation: group,
                    })?;
                } else {
                    let package = summary.name;
                    context.printer.row(format_args!("{package}\t{field}\t{group}"))?;
                }
            }
        }
        Ok(())
    })?;
    if is_known {
        Ok(Outcome::Success)
    } else {
        Err(unknown_package(&named, &library))
    }
}
