//! `cpkgs hold` and `cpkgs unhold`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::installed::{self, InstalledPackage};
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use resolver::request::Hold;
use rootless::generation::Held;
use rootless::{Change, PackageKey};

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};
use super::{Context, Outcome};

/// Keep installed packages in their version, whatever is upgraded.
#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    /// Installed packages.
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(candidates::installed))]
    names: Vec<String>,
}

/// Let held packages change again.
#[derive(Debug, Args)]
pub(super) struct UnholdArgs {
    /// Installed packages.
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(candidates::installed))]
    names: Vec<String>,
}

pub(super) fn hold(args: &HoldArgs, context: &mut Context) -> Result<Outcome, Failure> {
    run(&args.names, Held::Held, context)
}

pub(super) fn unhold(args: &UnholdArgs, context: &mut Context) -> Result<Outcome, Failure> {
    run(&args.names, Held::Free, context)
}

fn run(names: &[String], held: Held, context: &mut Context) -> Result<Outcome, Failure> {
    let (word, hold, what) = match held {
        Held::Held => ("hold", Hold::Held, "held"),
        Held::Free => ("unhold", Hold::Free, "no longer held"),
    };
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let packages = installed::read(&install)?;
    let mut holds = Vec::new();
    for name in names {
        let named = Named::parse(name).map_err(|error| Failure::saying(USAGE, error))?;
        let is_meant = |package: &&InstalledPackage| {
            let architecture = named.architecture.as_ref();
            package.name == named.name && architecture.is_none_or(|wanted| *wanted == package.architecture)
        };
        let found: Vec<_> = packages.iter().filter(is_meant).collect();
        if found.is_empty() {
            let failure = Failure::saying(REFUSED, format_args!("`{name}` is not installed"));
            return Err(failure.hint("`cpkgs list --installed` shows what is"));
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
    let change = Change {
        holds,
        command: format!("{word} {}", names.join(" ")),
        time: super::now(),
        launcher: std::env::current_exe().ok(),
        ..Change::default()
    };
    let changed: Vec<String> = change.holds.iter().map(|(key, _)| key.name.clone()).collect();
    let applied = rootless::apply(&install, change)?;
    context.report_kept(&install, &applied.kept);
    context
        .printer
        .info(escaped(&format!("{what}: {}", changed.join(", "))));
    Ok(Outcome::Success)
}
