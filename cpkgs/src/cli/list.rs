//! `cpkgs list`.

use std::collections::BTreeSet;

use apt_client::package_cache::PackageCache;
use clap::Args;
use cpkgs::machine;
use cpkgs::package_pattern::PackagePattern;
use cpkgs::preferences::Pattern;
use cpkgs::selection::name_pattern;
use cpkgs::spec::Named;
use debian_control::version::Version;
use resolver::request::{Hold, Mark};
use serde::Serialize;

use super::failure::{Failure, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs, Run};
use super::{Context, Outcome, search};

/// List packages.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only such packages: a glob, a regular expression between slashes or with `^` or `$`, or a pattern such as `?installed` (apt-patterns(7)).
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Only what is installed.
    #[arg(long)]
    installed: bool,
    /// Only what is installed and could be newer.
    #[arg(long)]
    upgradable: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Which packages are listed.
struct Filter {
    /// No pattern was given.
    is_all: bool,
    names: Vec<Pattern>,
    /// What patterns by more than the name match.
    known: BTreeSet<(String, Option<String>)>,
}

impl Filter {
    fn new(
        args: &ListArgs,
        target: &InstallTarget,
        library: &PackageCache,
        context: &Context,
    ) -> Result<Self, Failure> {
        let (known, names): (Vec<&String>, Vec<&String>) = args
            .patterns
            .iter()
            .partition(|text| PackagePattern::is_one(text));
        let names = names.into_iter().map(|text| name_pattern(text));
        let names = names.collect::<Result<_, _>>();
        let mut filter = Self {
            is_all: args.patterns.is_empty(),
            names: names.map_err(|error| Failure::new(USAGE, error))?,
            known: BTreeSet::new(),
        };
        if known.is_empty() {
            return Ok(filter);
        }
        let input = target.resolver_input(library, Vec::new(), context)?;
        for text in known {
            let pattern: PackagePattern = text.parse().map_err(|error| Failure::saying(USAGE, error))?;
            let found = pattern.packages(&input).into_iter();
            let key = |Named {
                           name, architecture, ..
                       }| (name, architecture);
            filter.known.extend(found.map(key));
        }
        Ok(filter)
    }

    fn is_meant(&self, name: &str, architecture: &str) -> bool {
        let is_native = architecture == "all" || architecture == machine::architecture();
        let key = || {
            let architecture = (!is_native).then(|| architecture.to_owned());
            (name.to_owned(), architecture)
        };
        self.is_all
            || self.names.iter().any(|pattern| pattern.matches(name))
            || !self.known.is_empty() && self.known.contains(&key())
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
    if !args.installed && !args.upgradable {
        let library = target.library(Indexes::Needed, context)?;
        let filter = Filter::new(args, &target, &library, context)?;
        let summaries = library.summaries().by_name();
        for summary in summaries.filter(|summary| filter.is_meant(summary.name, summary.architecture)) {
            search::print(&summary, &library, context)?;
        }
        return Ok(Outcome::Success);
    }
    // What is installed can be told without any index, but for what could be newer.
    let indexes = if args.upgradable {
        Indexes::Needed
    } else {
        Indexes::IfAny
    };
    let library = target.library(indexes, context)?;
    let filter = Filter::new(args, &target, &library, context)?;
    let installed = target.installed()?.into_iter();
    for package in installed.filter(|package| filter.is_meant(&package.name, &package.architecture)) {
        let newest = newer(&library, &package.name, &package.architecture, &package.version);
        if args.upgradable && newest.is_none() {
            continue;
        }
        let view = InstalledView {
            name: &package.name,
            version: &package.version,
            architecture: &package.architecture,
            automatic: package.mark == Mark::Automatic,
            held: package.hold == Hold::Held,
            upgradable_to: newest,
        };
        if context.printer.json() {
            context.printer.value(&view)?;
            continue;
        }
        let mark = if view.automatic { "automatic" } else { "manual" };
        let held = if view.held { ",held" } else { "" };
        let newest = newest.map_or(String::new(), |newest| format!("\t-> {newest}"));
        let InstalledView {
            name,
            version,
            architecture,
            ..
        } = view;
        context.printer.row(format_args!(
            "{name}\t{version}\t{architecture}\t{mark}{held}{newest}"
        ))?;
    }
    Ok(Outcome::Success)
}

/// Returns the newest version of a package that is newer than the one that is installed.
fn newer<'l>(library: &'l PackageCache, name: &str, architecture: &str, installed: &str) -> Option<&'l str> {
    let installed: Version = installed.parse().ok()?;
    library
        .summaries()
        .named(name)
        .filter(|summary| {
            summary.architecture == architecture || summary.architecture == "all" || architecture == "all"
        })
        .filter_map(|summary| Some((summary.version.parse::<Version>().ok()?, summary.version)))
        .filter(|(version, _)| *version > installed)
        .max_by(|left, right| left.0.cmp(&right.0))
        .map(|(_, text)| text)
}
