//! `cpkgs depends`.

use std::collections::BTreeSet;

use apt_client::package_cache::{PackageCache, PackageSummary};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, USAGE};
use super::relations::{NeedView, groups, names, stanza_of};
use super::unknown_package::matching;
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
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    name: String,
    /// Show dependencies of dependencies too.
    #[arg(long)]
    tree: bool,
}

pub(super) fn run(args: &DependsArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let named = Named::parse(&args.name).map_err(|error| Failure::saying(USAGE, error))?;
    let library = context.library()?;
    let found = matching(&named, &library)?;
    let Some(summary) = found.first() else {
        return Ok(Outcome::Success);
    };
    if args.tree {
        let mut tree = Tree {
            library: &library,
            met: BTreeSet::new(),
            context,
        };
        return tree.below(summary, None, 0).map(|()| Outcome::Success);
    }
    let text = library.stanza_of(summary)?;
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

/// A line of the tree as `--json` prints it.
#[derive(Debug, Serialize)]
struct TreeView<'v> {
    /// 0 for the package itself.
    depth: usize,
    /// What led here.
    relation: Option<&'v str>,
    /// `None` where no package has the name itself.
    package: Option<&'v str>,
    version: Option<&'v str>,
    /// Whether what it needs is shown further up.
    above: bool,
}

impl TreeView<'_> {
    fn line(&self) -> String {
        let indent = "  ".repeat(self.depth);
        match (self.package, self.version) {
            (Some(package), Some(version)) => {
                let mark = if self.above { " (above)" } else { "" };
                format!("{indent}{package} {version}{mark}")
            }
            _ => {
                let relation = self.relation.unwrap_or_default();
                format!("{indent}{relation} (virtual or missing)")
            }
        }
    }
}

/// Prints what a package needs below it, each package once.
struct Tree<'t> {
    library: &'t PackageCache,
    met: BTreeSet<String>,
    context: &'t mut Context,
}

impl Tree<'_> {
    fn below(
        &mut self,
        summary: &PackageSummary<'_>,
        relation: Option<&str>,
        depth: usize,
    ) -> Result<(), Failure> {
        // Deeper than any chain of needs, and far less than a stack.
        const DEEPEST: usize = 100;
        let above = !self.met.insert(summary.name.to_owned());
        self.print(&TreeView {
            depth,
            relation,
            package: Some(summary.name),
            version: Some(summary.version),
            above,
        })?;
        if above || depth >= DEEPEST {
            return Ok(());
        }
        let text = self.library.stanza_of(summary)?;
        let stanza = stanza_of(&text)?;
        for field in ["Pre-Depends", "Depends"] {
            for group in groups(&stanza, field) {
                let mut names = names(group).into_iter();
                match names.find_map(|name| preferred(self.library, &name)) {
                    Some(needed) => self.below(&needed, Some(group), depth + 1)?,
                    None => self.print(&TreeView {
                        depth: depth + 1,
                        relation: Some(group),
                        package: None,
                        version: None,
                        above: false,
                    })?,
                }
            }
        }
        Ok(())
    }

    fn print(&mut self, view: &TreeView<'_>) -> Result<(), Failure> {
        let printer = &mut self.context.printer;
        match printer.json() {
            true => printer.value(view)?,
            false => printer.line(escaped(&view.line()))?,
        }
        Ok(())
    }
}

/// Returns the package that a request for a name brings.
fn preferred<'l>(library: &'l PackageCache, name: &str) -> Option<PackageSummary<'l>> {
    library.preferred(name).into_iter().next()
}
