//! `cpkgs hold` and `cpkgs unhold`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::installed::InstalledPackage;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use resolver::request::Hold;
use rootless::PackageKey;
use rootless::generation::Held;

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{InstallTargetArgs, Run};
use super::{Context, Outcome};

/// Keep installed packages at their version.
#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    /// Installed packages.
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(candidates::installed))]
    names: Vec<String>,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Allow held packages to change again.
#[derive(Debug, Args)]
pub(super) struct UnholdArgs {
    /// Held packages.
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(candidates::held))]
    names: Vec<String>,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn hold(args: &HoldArgs, context: &mut Context) -> Result<Outcome, Failure> {
    run(&args.names, Held::Held, &args.target, context)
}

pub(super) fn unhold(args: &UnholdArgs, context: &mut Context) -> Result<Outcome, Failure> {
    run(&args.names, Held::Free, &args.target, context)
}

fn run(
    names: &[String],
    held: Held,
    target: &InstallTargetArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let (word, hold, what) = match held {
        Held::Held => ("hold", Hold::Held, "held"),
        Held::Free => ("unhold", Hold::Free, "no longer held"),
    };
    let target = context.install_target(target, Run::Real)?;
    let packages = target.installed()?;
    let mut holds = Vec::new();
    for name in names {
        let named = Named::parse(name).map_err(|error| Failure::saying(USAGE, error))?;
        let is_meant = |package: &&InstalledPackage| {
            let architecture = named.architecture.as_ref();
            let is_version = named
                .version
                .as_ref()
                .is_none_or(|wanted| *wanted == package.version);
            is_version
                && package.name == named.name
                && architecture.is_none_or(|wanted| *wanted == package.architecture)
        };
        let found: Vec<_> = packages.iter().filter(is_meant).collect();
        if found.is_empty() {
            let failure = Failure::saying(REFUSED, format_args!("`{name}` is not installed"));
            return Err(failure.hint(format_args!(
                "`cpkgs list --installed{}` lists installed packages",
                target.option()
            )));
        }
        let changes = found.into_iter().filter(|package| package.hold != hold);
        holds.extend(changes.map(|package| {
            let key = PackageKey {
                name: package.name.clone(),
                architecture: package.architecture.clone(),
            };
            (key, held)
        }));
    }
    if holds.is_empty() {
        context.printer.info("nothing to change");
        return Ok(Outcome::Success);
    }
    let changed: Vec<String> = holds.iter().map(|(key, _)| key.name.clone()).collect();
    target.hold(holds, format!("{word} {}", names.join(" ")), context)?;
    context
        .printer
        .info(escaped(&format!("{what}: {}", changed.join(", "))));
    Ok(Outcome::Success)
}
