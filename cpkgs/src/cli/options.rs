//! Options that several commands have, and what they mean.

use clap::Args;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use resolver::broken::broken;
use resolver::plan::Plan;
use resolver::request::{Hold, Installed, Mark, Recommends, WasBroken};
use resolver::universe::PackageId;

use super::Context;
use super::failure::{Failure, REFUSED};
use super::install_target::{InstallTarget, Run};

/// What becomes of packages that are broken already.
#[derive(Debug, Args)]
pub(super) struct BrokenArgs {
    /// Also repair broken installed packages: install what they lack, or remove them.
    #[arg(long, short = 'f')]
    fix_broken: bool,
}

impl BrokenArgs {
    pub(super) fn asked(&self) -> WasBroken {
        if self.fix_broken {
            WasBroken::IsRepaired
        } else {
            WasBroken::Stays
        }
    }

    /// Says which installed packages are broken and stay so.
    pub(super) fn warn(&self, input: &ResolverInput<'_>, plan: &Plan, context: &Context) {
        if self.fix_broken {
            return;
        }
        let universe = &input.universe;
        let goes = |package: PackageId| {
            let removed = plan.remove.iter().map(|removal| removal.package);
            let mut gone = removed.chain(plan.changes().map(|change| change.from));
            gone.any(|gone| gone == package)
        };
        // What comes may be what was lacking.
        let came = plan.unpacked().map(|package| Installed {
            package,
            mark: Mark::Automatic,
            hold: Hold::Free,
        });
        let stay = input.installed.iter().copied().filter(|one| !goes(one.package));
        let after: Vec<Installed> = stay.chain(came).collect();
        let broken = broken(universe, &after);
        for one in &broken {
            let name = format!(
                "`{}` {} is broken, and is not changed: {}",
                universe.name(one.package),
                universe.version(one.package),
                one.reasons.join("; ")
            );
            context.printer.warning(escaped(&name));
        }
        if !broken.is_empty() {
            context
                .printer
                .hint("`--fix-broken` repairs what is broken, or removes it");
        }
    }
}

/// What apt-get calls `--dry-run` besides; who types it is understood.
pub(super) const DRY_RUN_OF_APT: [&str; 4] = ["simulate", "just-print", "no-act", "recon"];

/// How far a plan is carried out.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Show what would be done, and change nothing.
    #[arg(long, short = 's', aliases = DRY_RUN_OF_APT)]
    dry_run: bool,
    /// Download and verify the packages into the cache, and change nothing else.
    #[arg(long, short = 'd', conflicts_with = "dry_run")]
    download_only: bool,
}

impl RunArgs {
    pub(super) fn run(&self) -> Run {
        match self.download_only {
            true => Run::DownloadOnly,
            false => run_of(self.dry_run),
        }
    }
}

pub(super) fn run_of(dry: bool) -> Run {
    if dry { Run::Dry } else { Run::Real }
}

/// Whether what packages recommend comes with them.
#[derive(Debug, Args)]
pub(super) struct RecommendsArgs {
    /// Do not install recommended packages.
    #[arg(long, alias = "no-install-recommends")]
    no_recommends: bool,
    /// Install recommended packages, even if apt's configuration of the system says otherwise.
    #[arg(long, alias = "install-recommends", overrides_with = "no_recommends")]
    recommends: bool,
}

impl RecommendsArgs {
    /// Says whether they come: unless told otherwise, where apt would take them.
    pub(super) fn wanted(&self, target: &InstallTarget) -> Result<Recommends, Failure> {
        let is_wanted = match (self.recommends, self.no_recommends) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => target.apt_settings()?.is_on("APT::Install-Recommends"),
        };
        Ok(match is_wanted {
            true => Recommends::Take,
            false => Recommends::Leave,
        })
    }
}

/// Refuses what names a held package of which there is a newer version, and says so of others.
pub(super) fn check_held<'n>(
    named: impl Iterator<Item = &'n Named>,
    input: &ResolverInput<'_>,
    plan: &Plan,
    target: &InstallTarget,
    context: &mut Context,
) -> Result<(), Failure> {
    for named in named.filter(|named| named.version.is_none() && named.suite.is_none()) {
        let held = input
            .installed_of(named)
            .filter(|installed| installed.hold == Hold::Held);
        for held in held {
            if plan.changes().any(|change| change.from == held.package) {
                continue;
            }
            let universe = &input.universe;
            let name = &named.name;
            let version = universe.version(held.package);
            let best = universe.versions_of(name).first();
            let newer = best.filter(|best| universe.compare_versions(**best, held.package).is_gt());
            let text = format!("`{name}` is held at {version}, and is not changed");
            match newer {
                None => context.printer.info(escaped(&text)),
                Some(newer) => {
                    return Err(Failure::saying(REFUSED, text).hint(format_args!(
                        "there is {}; `cpkgs unhold{} {name}` allows the upgrade",
                        universe.version(*newer),
                        target.option()
                    )));
                }
            }
        }
    }
    Ok(())
}
