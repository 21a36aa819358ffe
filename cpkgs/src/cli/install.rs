//! `cpkgs install`, `remove`, `upgrade` and `autoremove`.

use clap::Args;
use cpkgs::local::LocalDeb;
use cpkgs::scene::Scene;
use cpkgs::spec::{Named, Spec};
use resolver::plan::{Plan, Removal, Step};
use resolver::request::{Hold, Recommends, Request, Target, Upgrade};
use resolver::solve::solve;
use resolver::universe::PackageId;
use resolver::unneeded::unneeded;

use super::failure::{Failure, REFUSED, USAGE};
use super::place::PlaceArgs;
use super::stage::{Run, Staged, refused};
use super::{Context, Done};

/// Installs packages, with all that they need.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// NAME, NAME=VERSION, NAME/SUITE, NAME:ARCHITECTURE, or ./FILE.deb.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// This version of the one package that is named.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Without what the packages only recommend.
    #[arg(long)]
    no_recommends: bool,
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Removes packages, and what cannot be without them.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// NAME or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Removes packages that came only because others needed them, when none does any more.
#[derive(Debug, Args)]
pub(super) struct AutoremoveArgs {
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Brings packages to their newest versions: all of them, or those that are named.
#[derive(Debug, Args)]
pub(super) struct UpgradeArgs {
    /// Only these.
    #[arg(value_name = "PACKAGE", conflicts_with = "all")]
    packages: Vec<String>,
    /// All that is installed, as when none is named.
    #[arg(long)]
    all: bool,
    /// Without what the packages only recommend.
    #[arg(long)]
    no_recommends: bool,
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

fn run_of(dry: bool) -> Run {
    if dry { Run::Dry } else { Run::Real }
}

fn recommends(without: bool) -> Recommends {
    if without {
        Recommends::Leave
    } else {
        Recommends::Take
    }
}

/// Returns the packages that were named, and the files among them.
fn specs(args: &InstallArgs) -> Result<(Vec<Spec>, Vec<LocalDeb>), Failure> {
    let mut specs = args
        .packages
        .iter()
        .map(|text| Spec::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::saying(USAGE, error))?;
    if let Some(version) = &args.version {
        match specs.as_mut_slice() {
            [Spec::Named(named)] if named.version.is_none() => named.version = Some(version.clone()),
            _ => {
                return Err(Failure::saying(
                    USAGE,
                    "--version is for one package that is named without a version",
                ));
            }
        }
    }
    let files = specs.iter().filter_map(|spec| match spec {
        Spec::File(path) => Some(LocalDeb::open(path)),
        Spec::Named(_) => None,
    });
    let files = files.collect::<Result<Vec<_>, _>>()?;
    Ok((specs, files))
}

/// Returns what the resolver is to look for.
fn targets(specs: &[Spec], scene: &Scene<'_>) -> Vec<Target> {
    let mut files = 0;
    let target = |spec: &Spec| match spec {
        Spec::Named(named) => Some(scene.target(named)),
        Spec::File(_) => {
            files += 1;
            scene.file_target(files - 1)
        }
    };
    specs.iter().filter_map(target).collect()
}

pub(super) fn install(args: &InstallArgs, context: &mut Context) -> Result<Done, Failure> {
    let (specs, files) = specs(args)?;
    let place = context.place(&args.place, run_of(args.dry_run))?;
    let library = match specs.iter().all(|spec| matches!(spec, Spec::File(_))) {
        true => context.library_if_any()?,
        false => context.library()?,
    };
    let scene = place.scene(&library, files)?;
    let request = Request {
        install: targets(&specs, &scene),
        installed: scene.installed.clone(),
        recommends: recommends(args.no_recommends),
        ..Request::default()
    };
    let names: Vec<&str> = specs
        .iter()
        .filter_map(|spec| match spec {
            Spec::Named(named) => Some(named.name.as_str()),
            Spec::File(_) => None,
        })
        .collect();
    let plan = solve(&scene.universe, &request).map_err(|refusal| refused(refusal, &scene, &names))?;
    let wanted = names
        .iter()
        .flat_map(|name| scene.universe.versions_of(name))
        .copied();
    Staged {
        wanted: wanted.collect(),
        scene: &scene,
        place: &place,
        plan,
        command: format!("install {}", args.packages.join(" ")),
    }
    .finish(run_of(args.dry_run), context)
}

pub(super) fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Done, Failure> {
    let named = args
        .packages
        .iter()
        .map(|text| Named::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::saying(USAGE, error))?;
    let place = context.place(&args.place, run_of(args.dry_run))?;
    let library = context.library_if_any()?;
    let scene = place.scene(&library, Vec::new())?;
    if let Some(missing) = named.iter().find(|named| !scene.has(&named.name)) {
        return Err(
            Failure::saying(REFUSED, format_args!("`{}` is not installed", missing.name))
                .hint("`cpkgs list --installed` names what is"),
        );
    }
    let is_held = |named: &&Named| {
        let mut held = scene
            .installed
            .iter()
            .filter(|installed| installed.hold == Hold::Held);
        held.any(|held| scene.universe.name(held.package) == named.name)
    };
    if let Some(held) = named.iter().find(is_held) {
        return Err(Failure::saying(
            REFUSED,
            format_args!("`{}` is held, and stays as it is", held.name),
        )
        .hint(format_args!("`cpkgs unhold {}` releases it", held.name)));
    }
    let request = Request {
        remove: named.iter().map(|named| scene.target(named)).collect(),
        installed: scene.installed.clone(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let plan = solve(&scene.universe, &request).map_err(|refusal| refused(refusal, &scene, &[]))?;
    Staged {
        wanted: Vec::new(),
        scene: &scene,
        place: &place,
        plan,
        command: format!("remove {}", args.packages.join(" ")),
    }
    .finish(run_of(args.dry_run), context)
}

pub(super) fn autoremove(args: &AutoremoveArgs, context: &mut Context) -> Result<Done, Failure> {
    let place = context.place(&args.place, run_of(args.dry_run))?;
    let library = context.library_if_any()?;
    let scene = place.scene(&library, Vec::new())?;
    let removed: Vec<PackageId> = unneeded(&scene.universe, &scene.installed);
    let plan = Plan {
        remove: removed
            .iter()
            .map(|package| Removal {
                package: *package,
                reasons: vec!["nothing needs it any more".to_owned()],
            })
            .collect(),
        steps: removed.iter().map(|package| Step::Remove(*package)).collect(),
        ..Plan::default()
    };
    Staged {
        wanted: Vec::new(),
        scene: &scene,
        place: &place,
        plan,
        command: "autoremove".to_owned(),
    }
    .finish(run_of(args.dry_run), context)
}

pub(super) fn upgrade(args: &UpgradeArgs, context: &mut Context) -> Result<Done, Failure> {
    let place = context.place(&args.place, run_of(args.dry_run))?;
    let library = context.library()?;
    let scene = place.scene(&library, Vec::new())?;
    if let Some(missing) = args.packages.iter().find(|name| !scene.has(name)) {
        return Err(
            Failure::saying(REFUSED, format_args!("`{missing}` is not installed"))
                .hint("`cpkgs install` installs it"),
        );
    }
    let request = Request {
        upgrade: if args.packages.is_empty() {
            Upgrade::All
        } else {
            Upgrade::Names(args.packages.clone())
        },
        installed: scene.installed.clone(),
        recommends: recommends(args.no_recommends),
        ..Request::default()
    };
    let plan = solve(&scene.universe, &request).map_err(|refusal| refused(refusal, &scene, &[]))?;
    Staged {
        wanted: Vec::new(),
        scene: &scene,
        place: &place,
        plan,
        command: format!("upgrade {}", args.packages.join(" "))
            .trim_end()
            .to_owned(),
    }
    .finish(run_of(args.dry_run), context)
}
