//! `cpkgs remove` and `purge`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::selection::{Selection, Verb};
use cpkgs::spec::{Named, Spec};
use resolver::request::{Recommends, Request, Target};
use resolver::solve::solve;
use rootless::{Configuration, PackageKey};

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs};
use super::options::{BrokenArgs, DRY_RUN_OF_APT, run_of};
use super::refusal::refused;
use super::selected;
use super::transaction::Transaction;
use super::{Context, Outcome};

/// What goes, and from where.
#[derive(Debug, Args)]
struct GoneArgs {
    /// NAME or NAME:ARCHITECTURE; `NAME+` installs it; `GLOB*`, `^EXPRESSION`, or a pattern such as `?garbage`.
    #[arg(required = true, value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::installed))]
    packages: Vec<String>,
    #[command(flatten)]
    broken: BrokenArgs,
    /// Show what would be done, and change nothing.
    #[arg(long, short = 's', aliases = DRY_RUN_OF_APT)]
    dry_run: bool,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// Remove packages, and those that depend on them.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Also delete their configuration files, as `purge` does.
    #[arg(long)]
    purge: bool,
    #[command(flatten)]
    gone: GoneArgs,
}

/// Remove packages and their configuration files, also those of packages removed earlier.
#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    #[command(flatten)]
    gone: GoneArgs,
}

pub(super) fn purge(args: &PurgeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    take_away(&args.gone, Configuration::Goes, context)
}

pub(super) fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    take_away(&args.gone, configuration_of(args.purge), context)
}

/// Returns what becomes of configuration files, by whether `--purge` is given.
pub(super) fn configuration_of(purge: bool) -> Configuration {
    match purge {
        true => Configuration::Goes,
        false => Configuration::Stays,
    }
}

fn take_away(
    args: &GoneArgs,
    configuration: Configuration,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let words = selected::words(&args.packages)?;
    let target = context.install_target(&args.target, run_of(args.dry_run))?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let Selection { install, remove } = selected::of(&words, Verb::Remove, &input)?;
    let install = to_install(&install, &input)?;
    let (here, absent): (Vec<Named>, Vec<Named>) = remove
        .into_iter()
        .partition(|named| selected::is_installed(named, &input));
    let (leftovers, missing) = leftovers_of(absent, configuration, &target)?;
    if let (true, true, true, Some(named)) = (
        here.is_empty(),
        leftovers.is_empty(),
        install.is_empty(),
        missing.first(),
    ) {
        let text = format!("`{named}` is not installed");
        let hint = format!(
            "`cpkgs list --installed{}` lists installed packages",
            target.option()
        );
        return Err(Failure::saying(REFUSED, text).hint(hint));
    }
    let named = selected::to_remove(
        here.into_iter().chain(missing).collect(),
        &input,
        &target,
        context,
    )?;
    let request = Request {
        install,
        remove: named.iter().map(|named| input.target(named)).collect(),
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        broken: args.broken.asked(),
        ..Request::default()
    };
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &[]))?;
    args.broken.warn(&input, &plan, context);
    Transaction {
        wanted: Vec::new(),
        input: &input,
        target: &target,
        plan,
        kept_back: Vec::new(),
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

/// Returns what is to come instead of what goes, by the words that say so.
fn to_install(specs: &[Spec], input: &ResolverInput<'_>) -> Result<Vec<Target>, Failure> {
    let target = |spec: &Spec| match spec {
        Spec::Named(named) => Ok(input.target(named)),
        Spec::File(path) => {
            let text = format!("`{}` is a file: expected the name of a package", path.display());
            Err(Failure::saying(USAGE, text))
        }
    };
    specs.iter().map(target).collect()
}

/// Returns what packages that are not installed have left behind and would lose now, and those that have left nothing.
fn leftovers_of(
    absent: Vec<Named>,
    configuration: Configuration,
    target: &InstallTarget,
) -> Result<(Vec<PackageKey>, Vec<Named>), Failure> {
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
    Ok((leftovers, missing))
}
