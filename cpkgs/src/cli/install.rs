//! `cpkgs install`, `remove`, `purge` and `autoremove`.

use std::path::{Path, PathBuf};

use clap::Args;
use cpkgs::local::LocalDeb;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::{Named, Spec};
use debian_control::terminal::escaped;
use debian_control::version::Version;
use resolver::autoremovable::autoremovable;
use resolver::broken::broken;
use resolver::kept_back::kept_back;
use resolver::plan::{Plan, Removal, Step};
use resolver::request::{Hold, Installed, Mark, Recommends, Request, Target, Upgrade, WasBroken};
use resolver::solve::solve;
use resolver::universe::PackageId;
use rootless::Configuration;
use rootless::generation::Programs;

use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{Indexes, InstallTargetArgs, Run};
use super::transaction::{Transaction, refused};
use super::{Context, Outcome, kept_back};

/// Installs packages, with all that they need.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// NAME, NAME=VERSION, NAME/SUITE, NAME:ARCHITECTURE, or FILE.deb.
    #[arg(required_unless_present_any = ["fix_broken", "all_programs"], value_name = "PACKAGE")]
    packages: Vec<String>,
    /// This version of the one package that is named.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Without what the packages only recommend.
    #[arg(long)]
    no_recommends: bool,
    /// From now on, has the programs of all packages in bin: also those of packages that others need. `=false` undoes it.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        conflicts_with = "system"
    )]
    all_programs: Option<bool>,
    #[command(flatten)]
    broken: BrokenArgs,
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

impl InstallArgs {
    fn programs(&self) -> Option<Programs> {
        self.all_programs
            .map(|all| if all { Programs::All } else { Programs::AskedFor })
    }
}

/// Removes packages, and what cannot be without them.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// NAME or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    broken: BrokenArgs,
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Removes packages with their configuration files, also those of packages that were removed before.
#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    #[command(flatten)]
    remove: RemoveArgs,
}

/// Removes packages that came only because others needed them, when none does any more.
#[derive(Debug, Args)]
pub(super) struct AutoremoveArgs {
    /// Shows what would be done, and does nothing.
    #[arg(long, short = 's')]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// What becomes of packages that are broken already.
#[derive(Debug, Args)]
pub(super) struct BrokenArgs {
    /// Also repairs installed packages that are broken: what they lack comes, or they go.
    #[arg(long)]
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
                "`{}` {} is broken, and stays as it is: {}",
                universe.name(one.package),
                universe.version(one.package),
                one.reasons.join("; ")
            );
            context.printer.warning(escaped(&name));
        }
        if !broken.is_empty() {
            context
                .printer
                .warning("`--fix-broken` repairs what is broken, or removes it");
        }
    }
}

pub(super) fn run_of(dry: bool) -> Run {
    if dry { Run::Dry } else { Run::Real }
}

pub(super) fn recommends(without: bool) -> Recommends {
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
        .map(|text| match is_file_here(text) {
            true => Ok(Spec::File(PathBuf::from(text))),
            false => Spec::parse(text),
        })
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

/// Says whether a text names a package that is a file of the working directory.
fn is_file_here(text: &str) -> bool {
    let path = Path::new(text);
    path.extension().is_some_and(|end| end == "deb") && path.is_file()
}

/// Refuses what names a held package of which there is a newer version, and says so of others.
pub(super) fn check_held<'n>(
    named: impl Iterator<Item = &'n Named>,
    input: &ResolverInput<'_>,
    plan: &Plan,
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
            let newer = universe.versions_of(name).first().filter(|best| {
                let [best, version] = [universe.version(**best), version].map(str::parse::<Version>);
                best.ok() > version.ok()
            });
            let text = format!("`{name}` is held at {version}, and stays as it is");
            match newer {
                None => context.printer.info(escaped(&text)),
                Some(newer) => {
                    return Err(Failure::saying(REFUSED, text).hint(format_args!(
                        "there is {}; `cpkgs unhold {name}` lets it come",
                        universe.version(*newer)
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Returns what the resolver is to look for.
fn targets(specs: &[Spec], input: &ResolverInput<'_>) -> Vec<Target> {
    let mut files = 0;
    let target = |spec: &Spec| match spec {
        Spec::Named(named) => Some(input.target(named)),
        Spec::File(_) => {
            files += 1;
            input.file_target(files - 1)
        }
    };
    specs.iter().filter_map(target).collect()
}

pub(super) fn install(args: &InstallArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (specs, files) = specs(args)?;
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let is_file = |spec: &Spec| matches!(spec, Spec::File(_));
    let indexes = match !specs.is_empty() && specs.iter().all(is_file) {
        true => Indexes::IfAny,
        false => Indexes::Needed,
    };
    let library = target.library(indexes, context)?;
    let input = target.resolver_input(&library, files, context)?;
    let request = Request {
        install: targets(&specs, &input),
        installed: input.installed.clone(),
        recommends: recommends(args.no_recommends),
        broken: args.broken.asked(),
        ..Request::default()
    };
    let named: Vec<&Named> = specs
        .iter()
        .filter_map(|spec| match spec {
            Spec::Named(named) => Some(named),
            Spec::File(_) => None,
        })
        .collect();
    let names: Vec<&str> = named.iter().map(|named| named.name.as_str()).collect();
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &names))?;
    check_held(named.iter().copied(), &input, &plan, context)?;
    report_newer(&named, &input, &request, &plan, context);
    args.broken.warn(&input, &plan, context);
    let files = (0..specs.len()).map_while(|place| input.file_target(place));
    let files = files.flat_map(|target| match target {
        Target::OneOf { packages, .. } => packages,
        Target::Named { .. } => Vec::new(),
    });
    let wanted = named.iter().flat_map(|named| input.matching(named)).chain(files);
    Transaction {
        wanted: wanted.collect(),
        input: &input,
        target: &target,
        plan,
        command: format!("install {}", args.packages.join(" "))
            .trim_end()
            .to_owned(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: target.new_programs(args.programs())?,
    }
    .finish(run_of(args.dry_run), context)
}

/// Says of packages that were named, without a version, and that are installed already why they do not become newer.
fn report_newer(
    named: &[&Named],
    input: &ResolverInput<'_>,
    request: &Request,
    plan: &Plan,
    context: &mut Context,
) {
    let named = named
        .iter()
        .filter(|named| named.version.is_none() && named.suite.is_none());
    let request = Request {
        upgrade: Upgrade::Names(named.map(|named| named.to_string()).collect()),
        ..request.clone()
    };
    for kept in kept_back(&input.universe, &request, plan) {
        kept_back::reason(input, kept).warn(&context.printer);
    }
}

pub(super) fn purge(args: &PurgeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    take_away(&args.remove, Configuration::Goes, context)
}

pub(super) fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    take_away(args, Configuration::Stays, context)
}

fn take_away(
    args: &RemoveArgs,
    configuration: Configuration,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let named = args
        .packages
        .iter()
        .map(|text| Named::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::saying(USAGE, error))?;
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let (here, absent): (Vec<Named>, Vec<Named>) = named
        .into_iter()
        .partition(|named| input.installed_of(named).next().is_some());
    let mut leftovers = Vec::new();
    let mut missing = Vec::new();
    for named in absent {
        let left = match configuration {
            Configuration::Goes => target.leftovers(&named)?,
            Configuration::Stays => Vec::new(),
        };
        if left.is_empty() {
            missing.push(named);
        }
        leftovers.extend(left);
    }
    for named in &missing {
        let text = format!("`{named}` is not installed");
        if here.is_empty() && leftovers.is_empty() {
            return Err(Failure::saying(REFUSED, text).hint("`cpkgs list --installed` names what is"));
        }
        context.printer.error_line(escaped(&text));
    }
    let named: Vec<Named> = here
        .into_iter()
        .map(|named| input.with_architecture(named))
        .collect();
    let is_held = |named: &&Named| {
        let mut installed = input.installed_of(named);
        installed.any(|installed| installed.hold == Hold::Held)
    };
    if let Some(held) = named.iter().find(is_held) {
        return Err(Failure::saying(
            REFUSED,
            format_args!("`{}` is held, and stays as it is", held.name),
        )
        .hint(format_args!("`cpkgs unhold {}` releases it", held.name)));
    }
    let request = Request {
        remove: named.iter().map(|named| input.target(named)).collect(),
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        broken: args.broken.asked(),
        ..Request::default()
    };
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &[]))?;
    args.broken.warn(&input, &plan, context);
    report_unneeded(&args.target, &input, &plan, context);
    Transaction {
        wanted: Vec::new(),
        input: &input,
        target: &target,
        plan,
        command: match configuration {
            Configuration::Stays => format!("remove {}", args.packages.join(" ")),
            Configuration::Goes => format!("purge {}", args.packages.join(" ")),
        },
        configuration,
        leftovers,
        programs: None,
    }
    .finish(run_of(args.dry_run), context)
}

/// Says how many packages nothing needs any more after a plan.
fn report_unneeded(
    target: &InstallTargetArgs,
    input: &ResolverInput<'_>,
    plan: &Plan,
    context: &mut Context,
) {
    let is_removed = |package: PackageId| plan.remove.iter().any(|removal| removal.package == package);
    let stays = input.installed.iter().copied();
    let stays: Vec<Installed> = stays.filter(|one| !is_removed(one.package)).collect();
    let command = if target.is_system() {
        "cpkgs autoremove --system"
    } else {
        "cpkgs autoremove"
    };
    let text = match autoremovable(&input.universe, &stays).len() {
        0 => return,
        1 => format!("1 package is no longer needed: `{command}` removes it"),
        count => format!("{count} packages are no longer needed: `{command}` removes them"),
    };
    context.printer.info(text);
}

pub(super) fn autoremove(args: &AutoremoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let removed: Vec<PackageId> = autoremovable(&input.universe, &input.installed);
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
    Transaction {
        wanted: Vec::new(),
        input: &input,
        target: &target,
        plan,
        command: "autoremove".to_owned(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    }
    .finish(run_of(args.dry_run), context)
}
