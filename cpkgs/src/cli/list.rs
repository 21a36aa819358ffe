//! `cpkgs list`.

use std::collections::HashSet;

use apt_client::package_cache::{PackageCache, PackageSummary};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::candidate::Versions;
use cpkgs::installed::InstalledPackage;
use cpkgs::package_pattern::PackagePattern;
use cpkgs::preferences::Pattern;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::selection::name_pattern;
use debian_control::stanza::Stanza;
use resolver::request::{Hold, Mark};
use resolver::universe::PackageId;
use serde::Serialize;

use super::failure::{Failure, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs, Run};
use super::search::{self, PackageView};
use super::{Context, Outcome, candidates};

/// List packages.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only matching packages: a glob, a regular expression between slashes or with `^` or `$`, or a pattern such as
    /// `?installed` (apt-patterns(7)).
    #[arg(value_name = "PATTERN", add = ArgValueCompleter::new(candidates::packages))]
    patterns: Vec<String>,
    /// Only installed packages.
    #[arg(long)]
    installed: bool,
    /// Only installed packages that have a newer version.
    #[arg(long)]
    upgradable: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Which packages are listed.
struct ListFilter {
    /// No pattern was given.
    is_all: bool,
    names: Vec<Pattern>,
    /// What patterns by more than the name match: places among the packages of the indexes.
    places: HashSet<usize>,
    /// And installed packages, by name and architecture.
    installed: HashSet<(String, String)>,
}

impl ListFilter {
    fn new(args: &ListArgs, input: Option<&ResolverInput<'_>>) -> Result<Self, Failure> {
        let (known, names): (Vec<&String>, Vec<&String>) = args
            .patterns
            .iter()
            .partition(|text| PackagePattern::is_one(text));
        let names = names.into_iter().map(|text| name_pattern(text));
        let names = names.collect::<Result<_, _>>();
        let mut filter = Self {
            is_all: args.patterns.is_empty(),
            names: names.map_err(|error| Failure::new(USAGE, error))?,
            places: HashSet::new(),
            installed: HashSet::new(),
        };
        let Some(input) = input else {
            return Ok(filter);
        };
        for text in known {
            let pattern: PackagePattern = text.parse().map_err(|error| Failure::saying(USAGE, error))?;
            let found = pattern.versions(input);
            let installed = input.installed.iter().map(|installed| installed.package);
            let key = |package: PackageId| {
                let universe = &input.universe;
                (
                    universe.name(package).to_owned(),
                    universe.architecture(package).to_owned(),
                )
            };
            filter
                .installed
                .extend(installed.filter(|package| found.contains(package)).map(key));
            filter.places.extend(found.into_iter().map(PackageId::index));
        }
        Ok(filter)
    }

    fn has_name(&self, name: &str) -> bool {
        self.is_all || self.names.iter().any(|pattern| pattern.matches(name))
    }

    fn has_place(&self, summary: &PackageSummary<'_>) -> bool {
        self.has_name(summary.name) || self.places.contains(&summary.place)
    }

    fn has_installed(&self, package: &InstalledPackage) -> bool {
        let key = || (package.name.clone(), package.architecture.clone());
        self.has_name(&package.name) || !self.installed.is_empty() && self.installed.contains(&key())
    }
}

/// An installed package as `list --installed --json` prints it.
#[derive(Debug, Serialize)]
struct InstalledView<'f> {
    name: &'f str,
    version: &'f str,
    architecture: &'f str,
    automatic: bool,
    held: bool,
    upgradable_to: Option<&'f str>,
}

pub(super) fn run(args: &ListArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, Run::Dry)?;
    if args.installed || args.upgradable {
        return list_installed(args, &target, context);
    }
    let library = target.library(Indexes::Needed, context)?;
    let is_known = args.patterns.iter().any(|text| PackagePattern::is_one(text));
    let input = is_known.then(|| target.resolver_input(&library, Vec::new(), context));
    let filter = ListFilter::new(args, input.transpose()?.as_ref())?;
    list_all(&filter, &target.installed()?, &library, context)
}

/// Lists what is installed, and to which version it would be upgraded.
fn list_installed(
    args: &ListArgs,
    target: &InstallTarget,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    // What is installed can be told without any index, but for what could be newer.
    let indexes = if args.upgradable {
        Indexes::Needed
    } else {
        Indexes::IfAny
    };
    let library = target.library(indexes, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let filter = ListFilter::new(args, Some(&input))?;
    let installed = target.installed()?.into_iter();
    for package in installed.filter(|package| filter.has_installed(package)) {
        let versions = Versions::of_installed(&package.name, &package.architecture, &input);
        let upgrade = versions
            .upgrade(&input)
            .map(|package| input.universe.version(package));
        if args.upgradable && upgrade.is_none() {
            continue;
        }
        print_installed(
            &InstalledView {
                name: &package.name,
                version: &package.version,
                architecture: &package.architecture,
                automatic: package.mark == Mark::Automatic,
                held: package.hold == Hold::Held,
                upgradable_to: upgrade,
            },
            context,
        )?;
    }
    Ok(Outcome::Success)
}

fn print_installed(view: &InstalledView<'_>, context: &mut Context) -> Result<(), Failure> {
    if context.printer.json() {
        return Ok(context.printer.value(view)?);
    }
    let InstalledView {
        name,
        version,
        architecture,
        ..
    } = view;
    let mark = if view.automatic { "automatic" } else { "manual" };
    let held = if view.held { ",held" } else { "" };
    let upgrade = view
        .upgradable_to
        .map_or(String::new(), |version| format!("\t-> {version}"));
    Ok(context.printer.row(format_args!(
        "{name}\t{version}\t{architecture}\t{mark}{held}{upgrade}"
    ))?)
}

/// Lists what the indexes have, and what is installed and in none of them.
fn list_all(
    filter: &ListFilter,
    installed: &[InstalledPackage],
    library: &PackageCache,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let summaries = library.summaries();
    let is_local = |package: &&InstalledPackage| {
        let mut same = summaries.named(&package.name);
        !same.any(|summary| {
            (summary.version, summary.architecture) == (&package.version, &package.architecture)
        })
    };
    let local = installed
        .iter()
        .filter(|package| filter.has_installed(package))
        .filter(is_local);
    let local = local.filter_map(|package| {
        let stanza = Stanza::of_index(&package.stanza).ok()?;
        Some(PackageView::installed(package, &stanza))
    });
    let known = summaries.by_name().filter(|summary| filter.has_place(summary));
    let descriptions = library.descriptions()?;
    let known = known.map(|summary| PackageView::new(&summary, descriptions.synopsis(&summary), library));
    let mut views: Vec<PackageView<'_>> = local.chain(known).collect();
    views.sort_by_key(PackageView::name);
    for view in views {
        search::print(&view, context)?;
    }
    Ok(Outcome::Success)
}
