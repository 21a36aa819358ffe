//! `cpkgs policy`.

use std::collections::BTreeMap;

use apt_client::lists::Index;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::candidate::{Versions, runs_as};
use cpkgs::preferences::Preferences;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use resolver::request::Target;
use resolver::universe::PackageId;
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs, Run};
use super::target_release::ReleaseArgs;
use super::unknown_package::unknown_package;
use super::{Context, Outcome};

/// Show which version of packages would be installed and why: the priority of each version, and where it comes from.
///
/// Without names, shows the priorities of all indexes.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// NAME or NAME:ARCHITECTURE; NAME=VERSION and NAME/SUITE show these versions only.
    #[arg(value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    names: Vec<String>,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// A package as `--json` prints it.
#[derive(Debug, Serialize)]
struct PolicyView<'p> {
    name: &'p str,
    architecture: &'p str,
    installed: Option<&'p str>,
    candidate: Option<&'p str>,
    versions: Vec<VersionView<'p>>,
}

#[derive(Debug, Serialize)]
struct VersionView<'p> {
    version: &'p str,
    installed: bool,
    priority: i32,
    indexes: Vec<IndexView<'p>>,
}

#[derive(Debug, Serialize)]
struct IndexView<'p> {
    priority: i32,
    url: &'p str,
    suite: &'p str,
    component: &'p str,
    architecture: &'p str,
}

impl<'p> IndexView<'p> {
    fn new(index: &'p Index, priority: i32) -> Self {
        Self {
            priority,
            url: &index.url,
            suite: &index.asked,
            component: &index.component,
            architecture: &index.architecture,
        }
    }

    fn line(&self) -> String {
        let Self {
            priority,
            url,
            suite,
            component,
            architecture,
        } = self;
        format!("{priority} {url} {suite}/{component} {architecture}")
    }
}

pub(super) fn run(args: &PolicyArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, Run::Dry)?;
    let library = target.library(Indexes::Needed, context)?;
    if args.names.is_empty() {
        return indexes(&target, &library.lists().indexes, context);
    }
    let preferences = target.preferences(&ReleaseArgs::default(), &library.lists().indexes, context)?;
    let input = target.resolver_input_with(&preferences, &library, Vec::new())?;
    let mut unknown = Vec::new();
    for text in &args.names {
        let named = Named::parse(text).map_err(|error| Failure::saying(USAGE, error))?;
        let views = policies(&named, &preferences, &input)?;
        if views.is_empty() {
            unknown.push(unknown_package(&named, &library));
        }
        for view in views {
            print(&view, context)?;
        }
    }
    let last = unknown.pop();
    for failure in unknown {
        failure.print();
    }
    last.map_or(Ok(Outcome::Success), Err)
}

/// Prints the priorities of all indexes.
fn indexes(target: &InstallTarget, indexes: &[Index], context: &mut Context) -> Result<Outcome, Failure> {
    let preferences = target.preferences(&ReleaseArgs::default(), indexes, context)?;
    for index in indexes {
        let view = IndexView::new(index, preferences.of_index(index));
        if context.printer.json() {
            context.printer.value(&view)?;
        } else {
            context.printer.line(escaped(&view.line()))?;
        }
    }
    Ok(Outcome::Success)
}

/// Returns what counts for the packages of a name, one for each architecture.
fn policies<'p>(
    named: &Named,
    preferences: &Preferences,
    input: &'p ResolverInput<'_>,
) -> Result<Vec<PolicyView<'p>>, Failure> {
    let universe = &input.universe;
    let target = input.target(named);
    let is_named = |package: &PackageId| match &target {
        Target::OneOf { packages, .. } => packages.contains(package),
        Target::Named { .. } => true,
    };
    let mut groups: BTreeMap<&str, Vec<PackageId>> = BTreeMap::new();
    for package in input.matching(named) {
        let architecture = runs_as(universe.architecture(package));
        groups.entry(architecture).or_default().push(package);
    }
    let view = |(architecture, packages): (&'p str, Vec<PackageId>)| {
        let name = packages.first().map_or("", |package| universe.name(*package));
        let versions = Versions::new(packages, input);
        let version = |package: PackageId| VersionView {
            version: universe.version(package),
            installed: Some(package) == versions.installed,
            priority: universe.priority(package),
            indexes: input
                .library()
                .indexes(package)
                .map(|index| IndexView::new(index, preferences.of_index(index)))
                .collect(),
        };
        let shown = versions.all.iter().copied().filter(is_named);
        let text = |package: Option<PackageId>| package.map(|package| universe.version(package));
        PolicyView {
            name,
            architecture,
            installed: text(versions.installed),
            candidate: text(versions.candidate),
            versions: shown.map(version).collect(),
        }
    };
    let views = groups.into_iter().map(view);
    Ok(views.filter(|view| !view.versions.is_empty()).collect())
}

/// Prints what counts for a package, as people who know apt's expect it.
fn print(view: &PolicyView<'_>, context: &mut Context) -> Result<(), Failure> {
    if context.printer.json() {
        return Ok(context.printer.value(view)?);
    }
    let name = match view.architecture == cpkgs::machine::architecture() {
        true => view.name.to_owned(),
        false => format!("{}:{}", view.name, view.architecture),
    };
    let mut lines = vec![
        format!("{name}:"),
        format!("  Installed: {}", view.installed.unwrap_or("(none)")),
        format!("  Candidate: {}", view.candidate.unwrap_or("(none)")),
        "  Version table:".to_owned(),
    ];
    for version in &view.versions {
        let mark = if version.installed { "***" } else { "   " };
        lines.push(format!(" {mark} {} {}", version.version, version.priority));
        let each = version.indexes.iter();
        lines.extend(each.map(|index| format!("        {}", index.line())));
        if version.installed {
            lines.push("        100 installed".to_owned());
        }
    }
    for line in lines {
        context.printer.line(escaped(&line))?;
    }
    Ok(())
}
