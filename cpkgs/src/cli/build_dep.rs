//! `cpkgs build-dep`.

use std::path::{Path, PathBuf};

use apt_client::source_packages::FoundSource;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::local::LocalDeb;
use cpkgs::local_source::{self, LocalSource};
use cpkgs::machine;
use debian_control::architecture::Architecture;
use debian_control::digest::sha256;
use debian_control::source_package::{BuildFor, BuiltPackages};
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use resolver::plan::{Plan, Step, Why};
use resolver::request::{Recommends, Request, Target};
use resolver::solve::solve;
use resolver::universe::PackageId;
use rootless::Configuration;

use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{Indexes, InstallTargetArgs};
use super::options::{BrokenArgs, RunArgs};
use super::refusal::refused;
use super::source_packages;
use super::target_release::ReleaseArgs;
use super::transaction::Transaction;
use super::{Context, Outcome, candidates};

/// What every build needs, whatever its source says. Source: Debian Policy 4.2.
const ALWAYS: &str = "build-essential";

/// Install what building source packages needs, and remove what conflicts with that.
///
/// The build dependencies count as asked for; what they depend on is automatically installed. Recommended packages are not
/// installed.
#[derive(Debug, Args)]
pub(super) struct BuildDepArgs {
    /// Source packages: NAME, NAME=VERSION or NAME/SUITE; a binary package stands for its source. Or a `.dsc` file, or a folder
    /// with `debian/control`, written with a slash.
    #[arg(required = true, value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::source_packages))]
    packages: Vec<String>,
    /// Only what the packages for this architecture need to be built.
    #[arg(long, conflicts_with = "indep_only")]
    arch_only: bool,
    /// Only what the packages for `all` need to be built.
    #[arg(long)]
    indep_only: bool,
    /// An active build profile, such as `nocheck`; repeatable [default: DEB_BUILD_PROFILES].
    #[arg(long, short = 'P', value_name = "PROFILE", value_delimiter = ',')]
    build_profile: Vec<String>,
    #[command(flatten)]
    broken: BrokenArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    target: InstallTargetArgs,
}

impl BuildDepArgs {
    fn built(&self) -> BuiltPackages {
        match (self.arch_only, self.indep_only) {
            (true, _) => BuiltPackages::OfArchitecture,
            (_, true) => BuiltPackages::Independent,
            _ => BuiltPackages::All,
        }
    }

    /// Returns the profiles that are active. Source: dpkg-buildpackage(1).
    fn profiles(&self) -> Vec<String> {
        if !self.build_profile.is_empty() {
            return self.build_profile.clone();
        }
        let said = std::env::var("DEB_BUILD_PROFILES").unwrap_or_default();
        said.split_whitespace().map(str::to_owned).collect()
    }
}

pub(super) fn run(args: &BuildDepArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (paths, names): (Vec<_>, Vec<_>) = args
        .packages
        .iter()
        .cloned()
        .partition(|word| local_source::is_path(word));
    let local = paths.iter().map(|path| ToBuild::of_path(Path::new(path)));
    let mut sources = local.collect::<Result<Vec<_>, _>>()?;
    let target = context.install_target(&args.target, args.run.run())?;
    let library = target.library(Indexes::Needed, context)?;
    if !names.is_empty() {
        let input = target.resolver_input_of(&args.release, &library, Vec::new(), context)?;
        let found = source_packages::found(&names, &input, context)?;
        sources.extend(found.into_iter().map(ToBuild::from));
    }
    let architecture = machine::architecture().parse::<Architecture>();
    let architecture = architecture.map_err(|error| Failure::new(USAGE, error))?;
    let build = BuildFor {
        architecture: &architecture,
        profiles: &args.profiles(),
        packages: args.built(),
    };
    let stand_ins = sources.iter().map(|source| stand_in(source, &build));
    let stand_ins = stand_ins.collect::<Result<Vec<_>, _>>()?;
    let input = target.resolver_input_of(&args.release, &library, stand_ins, context)?;
    let targets: Vec<Target> = (0..sources.len())
        .filter_map(|place| input.file_target(place))
        .collect();
    let builds = packages(&targets);
    let request = Request {
        install: targets,
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        broken: args.broken.asked(),
        ..Request::default()
    };
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &[]))?;
    args.broken.warn(&input, &plan, context);
    let here: Vec<PackageId> = input
        .installed
        .iter()
        .map(|installed| installed.package)
        .collect();
    let wanted = builds
        .iter()
        .flat_map(|build| input.universe.meeting_needs(*build, &here));
    Transaction {
        wanted: wanted.collect(),
        input: &input,
        target: &target,
        plan: without(plan, &builds),
        kept_back: Vec::new(),
        command: format!("build-dep {}", args.packages.join(" ")),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    }
    .finish(args.run.run(), context)
}

fn packages(targets: &[Target]) -> Vec<PackageId> {
    let packages = targets.iter().flat_map(|target| match target {
        Target::OneOf { packages, .. } => packages.clone(),
        Target::Named { .. } => Vec::new(),
    });
    packages.collect()
}

/// A source package that is to be built.
struct ToBuild {
    name: String,
    version: String,
    stanza: String,
}

impl ToBuild {
    /// Reads a `.dsc` file or a folder, whose version stands in its changelog and matters to nothing here.
    fn of_path(path: &Path) -> Result<Self, Failure> {
        let source = LocalSource::open(path).map_err(|error| Failure::new(USAGE, error))?;
        Ok(Self {
            name: source.name,
            version: source
                .version
                .map_or_else(|| "0".into(), |version| version.to_string()),
            stanza: source.stanza,
        })
    }
}

impl From<FoundSource> for ToBuild {
    fn from(found: FoundSource) -> Self {
        Self {
            name: found.name,
            version: found.version.to_string(),
            stanza: found.stanza,
        }
    }
}

/// Returns a package that needs what building a source package needs, and is never installed.
fn stand_in(source: &ToBuild, build: &BuildFor<'_>) -> Result<LocalDeb, Failure> {
    let unusable = |error: String| {
        let text = format!(
            "cannot determine what building `{}` {} needs",
            source.name, source.version
        );
        Failure::saying(REFUSED, escaped(&error)).context(escaped(&text))
    };
    let stanza = Stanza::of_index(&source.stanza).map_err(|error| unusable(error.to_string()))?;
    let relations = build.relations(&stanza);
    let (depends, conflicts) = relations.map_err(|error| unusable(error.to_string()))?;
    let mut needs = depends.to_string();
    if !needs.is_empty() {
        needs.push_str(", ");
    }
    let conflicts = match conflicts.to_string() {
        none if none.is_empty() => none,
        some => format!("Conflicts: {some}\n"),
    };
    let text = format!(
        "Package: build-dependencies-of-{}\nVersion: {}\nArchitecture: {}\nDepends: {needs}{ALWAYS}\n{conflicts}",
        source.name, source.version, build.architecture
    );
    Ok(LocalDeb {
        path: PathBuf::from(format!("build dependencies of {}", source.name)),
        sha256: sha256(text.as_bytes()),
        stanza: text,
    })
}

/// Takes the stand-ins out of a plan: what came for them was asked for.
fn without(mut plan: Plan, builds: &[PackageId]) -> Plan {
    plan.install
        .retain(|addition| !builds.contains(&addition.package));
    plan.steps.retain(|step| match step {
        Step::Unpack(package) | Step::Configure(package) => !builds.contains(package),
        Step::Remove(_) | Step::GiveWay(_) | Step::Replaced(_) => true,
    });
    let is_for_build = |why: Why| matches!(why, Why::NeededBy(package) if builds.contains(&package));
    for addition in plan
        .install
        .iter_mut()
        .filter(|addition| is_for_build(addition.why))
    {
        addition.why = Why::Requested;
    }
    let changes = plan.upgrade.iter_mut().chain(&mut plan.downgrade);
    for change in changes
        .chain(&mut plan.reinstall)
        .filter(|change| is_for_build(change.why))
    {
        change.why = Why::Requested;
    }
    plan
}
