//! `cpkgs list`.

use apt_client::package_cache::PackageCache;
use clap::Args;
use cpkgs::preferences::Pattern;
use debian_control::version::Version;
use resolver::request::{Hold, Mark};
use serde::Serialize;

use super::failure::Failure;
use super::install_target::{Indexes, InstallTargetArgs, Run};
use super::{Context, Outcome, search};

/// List packages.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only packages with such a name: a glob, or a regular expression between slashes.
    #[arg(value_name = "PATTERN")]
    patterns: Vec<Pattern>,
    /// Only what is installed.
    #[arg(long)]
    installed: bool,
    /// Only what is installed and could be newer.
    #[arg(long)]
    upgradable: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

impl ListArgs {
    fn is_meant(&self, name: &str) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(name))
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
        for summary in library
            .summaries()
            .by_name()
            .filter(|summary| args.is_meant(summary.name))
        {
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
    let installed = target.installed()?.into_iter();
    for package in installed.filter(|package| args.is_meant(&package.name)) {
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
