//! `cpkgs upgrade` and `full-upgrade`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use resolver::kept_back::kept_back;
use resolver::request::{Recommends, Request, Upgrade};
use resolver::solve::{solve, solve_in_order};
use rootless::Configuration;

use super::candidates;
use super::damaged;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs, Run};
use super::options::{BrokenArgs, RecommendsArgs, RunArgs, check_held};
use super::refusal::refused;
use super::selected;
use super::target_release::ReleaseArgs;
use super::transaction::Transaction;
use super::unknown_package::unknown_package;
use super::{Context, Outcome, kept_back, phased};

/// Upgrade packages to their newest versions: all packages, or those that are named.
#[derive(Debug, Args)]
pub(super) struct UpgradeArgs {
    /// Only these: names or patterns.
    #[arg(value_name = "PACKAGE", conflicts_with = "all", add = ArgValueCompleter::new(candidates::installed))]
    packages: Vec<String>,
    /// Upgrade all installed packages, as without names.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    recommends: RecommendsArgs,
    #[command(flatten)]
    broken: BrokenArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Upgrade all packages, and remove those that are in the way, as for a new release of the distribution.
///
/// Keeping packages that you asked for takes precedence over upgrading automatically installed ones.
#[derive(Debug, Args)]
pub(super) struct FullUpgradeArgs {
    #[command(flatten)]
    recommends: RecommendsArgs,
    #[command(flatten)]
    broken: BrokenArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn upgrade(args: &UpgradeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, args.run.run())?;
    let library = target.library(Indexes::Needed, context)?;
    let input = target.resolver_input_of(&args.release, &library, Vec::new(), context)?;
    let named = selected::installed(&args.packages, &input)?;
    if let Some(versioned) = named
        .iter()
        .find(|named| named.version.is_some() || named.suite.is_some())
    {
        return Err(Failure::saying(
            USAGE,
            format_args!("`{versioned}`: upgrade takes names, and chooses the version"),
        )
        .hint(format_args!(
            "`cpkgs install{}` takes a chosen version",
            target.option()
        )));
    }
    if let Some(missing) = named
        .iter()
        .find(|named| input.installed_of(named).next().is_none())
    {
        if input.universe.versions_of(&missing.name).is_empty() {
            return Err(unknown_package(missing, &library));
        }
        return Err(
            Failure::saying(REFUSED, format_args!("`{missing}` is not installed"))
                .hint(format_args!("`cpkgs install{}` installs it", target.option())),
        );
    }
    let upgrade = if args.packages.is_empty() {
        Upgrade::All
    } else {
        Upgrade::Names(named.iter().map(Named::to_string).collect())
    };
    let options = Options {
        upgrade,
        recommends: args.recommends.wanted(&target)?,
        broken: &args.broken,
        run: args.run.run(),
        command: format!("upgrade {}", args.packages.join(" "))
            .trim_end()
            .to_owned(),
    };
    carry_out(options, &named, &target, &input, context)
}

pub(super) fn full_upgrade(args: &FullUpgradeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, args.run.run())?;
    let library = target.library(Indexes::Needed, context)?;
    let input = target.resolver_input_of(&args.release, &library, Vec::new(), context)?;
    let options = Options {
        upgrade: Upgrade::Full,
        recommends: args.recommends.wanted(&target)?,
        broken: &args.broken,
        run: args.run.run(),
        command: "full-upgrade".to_owned(),
    };
    carry_out(options, &[], &target, &input, context)
}

/// What an upgrade is made with.
struct Options<'a> {
    upgrade: Upgrade,
    recommends: Recommends,
    broken: &'a BrokenArgs,
    run: Run,
    command: String,
}

fn carry_out(
    options: Options<'_>,
    named: &[Named],
    target: &InstallTarget,
    input: &ResolverInput<'_>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let universe = &input.universe;
    let mut installed = input.installed.clone();
    let mut phased = Vec::new();
    // Who names a package asks for its newest version, whatever its phase is.
    let settings = target.apt_settings()?;
    if let Some(phasing) = phased::phasing(target.root(), &settings).filter(|_| named.is_empty()) {
        phased = phased::hold_back(&phasing, input, &mut installed)?;
        if !phased.is_empty() {
            let names: Vec<&str> = phased.iter().map(|one| universe.name(one.package)).collect();
            let text = format!(
                "kept back, as the updates are still being phased in: {}",
                names.join(", ")
            );
            context.printer.info(escaped(&text));
        }
    }
    let mut unfinished = target.unfinished()?;
    unfinished.retain(|one| !named.iter().any(|named| named.name == one.key.name));
    let request = Request {
        upgrade: options.upgrade,
        installed,
        recommends: options.recommends,
        broken: options.broken.asked(),
        ..Request::default()
    };
    let solve = |request: &Request| match target {
        // Who names a package wants to know what is wrong with that one; in a folder of one's own there is no order.
        InstallTarget::System(_) if named.is_empty() => solve_in_order(universe, request),
        _ => solve(universe, request).map(|plan| (plan, Vec::new())),
    };
    // As apt does: what was cut off is unpacked again.
    let damaged = damaged::targets_by_the_way(unfinished.iter(), input);
    let solved = damaged::solved(request, damaged, solve);
    let ((plan, left_out), request) = solved.map_err(|refusal| refused(refusal, input, &[]))?;
    check_held(named.iter(), input, &plan, target, context)?;
    let kept = kept_back(universe, &request, &plan);
    let mut held = Vec::new();
    match kept.first() {
        // Who names a package wants to know what is wrong with that one.
        Some(first) if !named.is_empty() => return Err(kept_back::reason(input, *first, target)),
        _ if !named.is_empty() => {}
        _ => {
            held = kept_back::held(input);
            kept_back::report_held(universe, &held, target, context);
            let helps = kept_back::what_helps(universe, &request, &kept, &held);
            kept_back::report(universe, &kept, helps, target, context);
        }
    }
    kept_back::report_left_out(&left_out, context);
    options.broken.warn(input, &plan, context);
    Transaction {
        wanted: Vec::new(),
        input,
        target,
        plan,
        kept_back: kept.into_iter().chain(held).chain(phased).collect(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
        command: options.command,
    }
    .finish(options.run, context)
}
