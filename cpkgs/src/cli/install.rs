//! `cpkgs install`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::local::LocalDeb;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::selection::{Selection, Verb, Word};
use cpkgs::spec::{Named, Spec};
use resolver::kept_back::kept_back;
use resolver::plan::{Change, Plan, Step, Why};
use resolver::request::{Request, Target, Upgrade};
use resolver::solve::solve;
use resolver::universe::PackageId;
use rootless::Configuration;
use rootless::generation::Programs;

use super::candidates;
use super::damaged;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs};
use super::options::{BrokenArgs, RecommendsArgs, RunArgs, check_held};
use super::refusal::refused;
use super::selected;
use super::target_release::ReleaseArgs;
use super::transaction::Transaction;
use super::{Context, Outcome, kept_back};

/// Install packages and their dependencies.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// NAME, NAME=VERSION, NAME/SUITE, NAME:ARCHITECTURE, or FILE.deb; `NAME-` removes it; `GLOB*`, `^EXPRESSION`, or a pattern such as `~nNAME`.
    #[arg(required_unless_present_any = ["fix_broken", "all_programs"], value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    packages: Vec<String>,
    /// Install this version of the package; for one package only.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    recommends: RecommendsArgs,
    /// From now on, put the programs of all packages into bin, those of dependencies included; `=false` undoes it.
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
    /// Unpack and configure packages again that are already installed in the requested version.
    #[arg(long, requires = "system")]
    reinstall: bool,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    target: InstallTargetArgs,
}

impl InstallArgs {
    fn programs(&self) -> Option<Programs> {
        self.all_programs
            .map(|all| if all { Programs::All } else { Programs::AskedFor })
    }
}

/// Returns the words, and the files among them.
fn words(args: &InstallArgs) -> Result<(Vec<Word>, Vec<LocalDeb>), Failure> {
    let mut words = selected::words(&args.packages)?;
    if let Some(version) = &args.version {
        match words.as_mut_slice() {
            [Word::One(Spec::Named(named))] if named.version.is_none() => {
                named.version = Some(version.clone());
            }
            _ => {
                return Err(Failure::saying(
                    USAGE,
                    "--version is for one package that is named without a version",
                ));
            }
        }
    }
    let files = words.iter().filter_map(|word| match word {
        Word::One(Spec::File(path)) => Some(LocalDeb::open(path)),
        _ => None,
    });
    let files = files.collect::<Result<Vec<_>, _>>()?;
    Ok((words, files))
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

/// Returns what to ask for besides, as apt does: packages that were cut off are unpacked again before anything counts on them. Those that
/// were named are there already.
fn cut_off(
    specs: &[Spec],
    remove: &[Named],
    target: &InstallTarget,
    input: &ResolverInput<'_>,
) -> Result<Vec<Target>, Failure> {
    let mut unfinished = target.unfinished()?;
    let installs = |name: &str| {
        let mut specs = specs.iter();
        specs.any(|spec| matches!(spec, Spec::Named(named) if named.name == name))
    };
    let removes = |name: &str| remove.iter().any(|named| named.name == name);
    unfinished.retain(|one| !installs(&one.key.name) && !removes(&one.key.name));
    Ok(damaged::targets_by_the_way(unfinished.iter(), input))
}

pub(super) fn run(args: &InstallArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (words, files) = words(args)?;
    let target = context.install_target(&args.target, args.run.run())?;
    let indexes = match !words.is_empty() && words.iter().all(Word::is_file) {
        true => Indexes::IfAny,
        false => Indexes::Needed,
    };
    let library = target.library(indexes, context)?;
    let input = target.resolver_input_of(&args.release, &library, files, context)?;
    let Selection {
        install: specs,
        remove,
    } = selected::of(&words, Verb::Install, &input)?;
    let remove = selected::to_remove(remove, &input, &target, context)?;
    let request = Request {
        install: targets(&specs, &input),
        remove: remove.iter().map(|named| input.target(named)).collect(),
        installed: input.installed.clone(),
        recommends: args.recommends.wanted(&target)?,
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
    let damaged = cut_off(&specs, &remove, &target, &input)?;
    let solved = damaged::solved(request, damaged, |request| solve(&input.universe, request));
    let (mut plan, request) = solved.map_err(|refusal| refused(refusal, &input, &names))?;
    if args.reinstall {
        reinstall(&named, &input, &mut plan)?;
    }
    check_held(named.iter().copied(), &input, &plan, &target, context)?;
    report_newer(&named, &input, (&request, &plan), &target, context);
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
        kept_back: Vec::new(),
        command: format!("install {}", args.packages.join(" "))
            .trim_end()
            .to_owned(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: target.new_programs(args.programs())?,
    }
    .finish(args.run.run(), context)
}

/// Adds to a plan that packages are unpacked again that were named and would stay as they are.
fn reinstall(named: &[&Named], input: &ResolverInput<'_>, plan: &mut Plan) -> Result<(), Failure> {
    for named in named {
        let stays: Vec<PackageId> = input
            .installed_of(named)
            .map(|installed| installed.package)
            .filter(|package| !plan.changes().any(|change| change.from == *package))
            .collect();
        for package in stays {
            if input.library().index(package).is_none() {
                let version = input.universe.version(package);
                let text = format!("no source has `{}` {version}, which is installed", named.name);
                return Err(Failure::saying(REFUSED, text)
                    .hint("name its file: `cpkgs install --system ./FILE.deb`, or omit --reinstall"));
            }
            plan.reinstall.push(Change {
                from: package,
                to: package,
                why: Why::Requested,
            });
            plan.steps
                .extend([Step::Unpack(package), Step::Configure(package)]);
        }
    }
    Ok(())
}

/// Says of packages that were named, without a version, and that are installed already why they do not become newer.
fn report_newer(
    named: &[&Named],
    input: &ResolverInput<'_>,
    (request, plan): (&Request, &Plan),
    target: &InstallTarget,
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
        kept_back::reason(input, kept, target).warn(&context.printer);
    }
}
