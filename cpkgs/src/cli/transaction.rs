//! From a request to what is installed: the plan, its table, the question, and whoever carries it out.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use apt_client::fetch::{Download, Silent};
use apt_client::lists::{Index, Lists, ListsError};
use apt_client::package_cache::{Machine, PackageCache, Passed};
use apt_client::source::Source;
use cpkgs::machine;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Spec;
use cpkgs::system::{Action, Unfinished};
use debian_control::release::format_iso;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use resolver::kept_back::KeptBack;
use resolver::plan::{Plan, Step, Why};
use resolver::refusal::{Refusal, RefusalKind};
use resolver::request::{Mark, Recommends, Request};
use resolver::solve::solve;
use resolver::universe::{PackageId, Universe};
use rootless::generation::{Programs, Provenance};
use rootless::{Add, Change, Configuration, PackageKey};

use super::architectures::Architectures;
use super::failure::{Failure, REFUSED, USAGE, no_sources};
use super::install_target::{Indexes, InstallTarget, Run};
use super::plan_text::lines;
use super::plan_view::{view, why_text};
use super::progress::DownloadBar;
use super::{Context, Outcome, human_size, now};

impl Context {
    /// Returns the sources with their keys.
    pub(super) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let each = self.config.sources.iter();
        let opened = each.map(|source| Source::open(source, self.home.folder()));
        Ok(opened.collect::<Result<_, _>>()?)
    }

    /// Opens the packages of the sources for a machine without foreign architectures, but for those that sources name.
    pub(super) fn library(&self) -> Result<PackageCache, Failure> {
        self.library_of(Indexes::Needed, &Architectures::own(&self.config))
    }

    /// Opens the packages of the sources for a machine of these architectures.
    pub(super) fn library_of(
        &self,
        indexes: Indexes,
        architectures: &Architectures,
    ) -> Result<PackageCache, Failure> {
        if self.config.sources.is_empty() && indexes == Indexes::Needed {
            return Err(no_sources());
        }
        let cache = self.config.cache(&self.home);
        let lists = match (
            Lists::open(&cache, &self.sources()?, &architectures.default),
            indexes,
        ) {
            (Err(ListsError::None), Indexes::IfAny) => Lists::none(),
            (lists, _) => lists?,
        };
        for missing in &lists.not_fetched {
            let missing = escaped(missing);
            self.printer.warning(format_args!(
                "no indexes of {missing} have been fetched: `cpkgs update` fetches them, with the `--dpkg-root` of this command"
            ));
        }
        let machine = Machine::new(machine::architecture(), &architectures.foreign)?;
        let library = PackageCache::open(&cache, lists, machine)?;
        for Passed { suite, count, first } in library.passed() {
            let first = escaped(first);
            self.printer.warning(format_args!(
                "{count} of the packages of `{suite}` cannot be used, and are passed over; the first: {first}"
            ));
        }
        Ok(library)
    }
}

/// What helps against a package that cannot be configured.
const UNFINISHED: &str = "a mended version of it can be installed over it, and it can be removed";

/// A plan and what it was made for.
pub(super) struct Transaction<'s, 'l> {
    pub(super) input: &'s ResolverInput<'l>,
    pub(super) target: &'s InstallTarget,
    pub(super) plan: Plan,
    /// Packages that were asked for and are there: from now on they are not there by themselves.
    pub(super) wanted: Vec<PackageId>,
    pub(super) command: String,
    /// What an upgrade leaves behind its newest version.
    pub(super) kept_back: Vec<KeptBack>,
    /// What becomes of the configuration files of packages that go.
    pub(super) configuration: Configuration,
    /// Packages of which nothing but configuration files is left, and which go too.
    pub(super) leftovers: Vec<PackageKey>,
    /// Whose programs are in `bin` from now on; `None`: as before.
    pub(super) programs: Option<Programs>,
}

impl Transaction<'_, '_> {
    /// Shows the plan; without `--dry-run` asks, and carries it out.
    pub(super) fn finish(self, run: Run, context: &mut Context) -> Result<Outcome, Failure> {
        if run != Run::Dry {
            // Better now than after the question.
            self.check_reach(context)?;
        }
        self.show(run, context)?;
        if run == Run::Dry {
            if self.plan.is_empty() && self.leftovers.is_empty() {
                context.printer.info("nothing to do");
            }
            return Ok(Outcome::Success);
        }
        let marks = self.marks();
        let is_marked = !marks.is_empty() || self.programs.is_some();
        if self.plan.is_empty() && !is_marked && self.leftovers.is_empty() {
            return match run {
                Run::DownloadOnly => {
                    context.printer.info("nothing to download");
                    Ok(Outcome::Success)
                }
                Run::Dry | Run::Real => self.go_on(context),
            };
        }
        if !self.plan.is_empty() || !self.leftovers.is_empty() {
            context.confirm("Go ahead?")?;
        }
        let change = self.change(marks, context)?;
        if run == Run::DownloadOnly {
            let folder = debs(context);
            let text = format!(
                "downloaded into `{}`: {}",
                folder.display(),
                human_size::counted(change.add.len(), "package")
            );
            context.printer.info(escaped(&text));
            return Ok(Outcome::Success);
        }
        self.target.apply(change, &self.actions(), context)?;
        Ok(Outcome::Success)
    }

    /// Does what is left to do where nothing is to change: what was asked for may be there and not configured.
    fn go_on(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let mut unfinished = self.target.unfinished()?;
        if unfinished.iter().any(|one| self.is_wanted(one)) {
            unfinished = self.target.configure(context)?;
        } else {
            context.printer.info("nothing to do");
        }
        if let Some(wanted) = unfinished.iter().find(|one| self.is_wanted(one)) {
            return Err(Failure::saying(REFUSED, wanted).hint(UNFINISHED));
        }
        context.warn_unfinished(&unfinished);
        Ok(Outcome::Success)
    }

    fn is_wanted(&self, one: &Unfinished) -> bool {
        let universe = &self.input.universe;
        self.wanted.iter().any(|package| {
            universe.name(*package) == one.key.name && universe.runs_as(*package, &one.key.architecture)
        })
    }

    /// Prints the plan: a table for people, one object for machines.
    fn show(&self, run: Run, context: &mut Context) -> Result<(), Failure> {
        let (universe, plan) = (&self.input.universe, &self.plan);
        if context.printer.json() {
            // What is done is told as what is planned is.
            return Ok(context.printer.value(&view(universe, plan, &self.kept_back))?);
        }
        for key in &self.leftovers {
            let text = format!(
                "purge {}:{}: its configuration files are left",
                key.name, key.architecture
            );
            context.printer.info(escaped(&text));
        }
        if plan.is_empty() {
            return Ok(());
        }
        let disk = self.disk()?;
        let again = match plan.reinstall.len() {
            0 => String::new(),
            count => format!("{count} to reinstall, "),
        };
        let sum = format!(
            "{} to install, {} to upgrade, {} to downgrade, {again}{} to remove; {} to download, {}{} on disk{}",
            plan.install.len(),
            plan.upgrade.len(),
            plan.downgrade.len(),
            plan.remove.len(),
            human_size::bytes(plan.download_bytes(universe)),
            if disk < 0 { "-" } else { "" },
            human_size::bytes(disk.unsigned_abs()),
            free_space(self.target.place())
                .map(|free| format!(" ({} free)", human_size::bytes(free)))
                .unwrap_or_default()
        );
        if run == Run::Dry {
            for line in lines(universe, plan, context.printer.page(&std::io::stdout())) {
                context.printer.line(line)?;
            }
            Ok(context.printer.line(sum)?)
        } else {
            for line in lines(universe, plan, context.printer.page(&std::io::stderr())) {
                context.printer.info(line);
            }
            context.printer.info(sum);
            Ok(())
        }
    }

    /// Returns by how many bytes what is installed grows, as the packages estimate it. Source: Debian Policy 5.6.20.
    fn disk(&self) -> Result<i64, Failure> {
        let size = |package: PackageId| -> Result<i64, Failure> {
            let text = self.input.stanza(package)?;
            let stanza = Stanza::parse(&text).ok();
            let kib = stanza.and_then(|stanza| stanza.line("Installed-Size")?.parse::<i64>().ok());
            Ok(kib.unwrap_or(0).saturating_mul(1024))
        };
        let mut grows = 0_i64;
        for package in self.plan.unpacked() {
            grows = grows.saturating_add(size(package)?);
        }
        let changed = self.plan.changes().map(|change| change.from);
        for package in changed.chain(self.plan.remove.iter().map(|removal| removal.package)) {
            grows = grows.saturating_sub(size(package)?);
        }
        Ok(grows)
    }

    /// Returns the packages that are there by themselves and were now asked for.
    fn marks(&self) -> Vec<(PackageKey, bool)> {
        let installed = self
            .wanted
            .iter()
            .filter_map(|package| self.input.installed_as(*package));
        installed
            .filter(|installed| installed.mark == Mark::Automatic)
            .map(|installed| (key(&self.input.universe, installed.package), false))
            .collect()
    }

    /// Says whether what comes can be had offline, where that is asked for.
    fn check_reach(&self, context: &Context) -> Result<(), Failure> {
        if !context.config.overrides.offline {
            return Ok(());
        }
        let packages: Vec<PackageId> = self.comes().iter().map(|(package, ..)| *package).collect();
        let wanted: Vec<Download> = downloads(self.input, &packages)?.into_iter().flatten().collect();
        Ok(context.fetcher()?.check_reach(&wanted, &debs(context))?)
    }

    /// Downloads what comes, and says what is to change.
    fn change(&self, marks: Vec<(PackageKey, bool)>, context: &mut Context) -> Result<Change, Failure> {
        let universe = &self.input.universe;
        let comes = self.comes();
        let packages: Vec<PackageId> = comes.iter().map(|(package, ..)| *package).collect();
        let debs = download(self.input, &packages, context)?;
        let mut add = Vec::new();
        for ((package, why, before), deb) in comes.into_iter().zip(debs) {
            let kept = before
                .and_then(|before| self.input.installed_as(before))
                .map(|found| found.mark);
            let automatic = match why {
                Why::Requested => {
                    before.is_some() && kept == Some(Mark::Automatic) && !self.wanted.contains(&package)
                }
                _ => kept != Some(Mark::Manual),
            };
            add.push(Add {
                stanza: self.input.stanza(package)?,
                deb: deb.path,
                sha256: deb.sha256,
                automatic,
                why: why_text(universe, why),
                provenance: self
                    .input
                    .library()
                    .index(package)
                    .filter(|_| self.input.file(package).is_none())
                    .map(provenance),
            });
        }
        Ok(Change {
            add,
            remove: self
                .plan
                .remove
                .iter()
                .map(|removal| key(universe, removal.package))
                .chain(self.leftovers.iter().cloned())
                .collect(),
            configuration: self.configuration,
            automatic: marks,
            programs: self.programs,
            command: self.command.clone(),
            time: now(),
            launcher: std::env::current_exe().ok(),
            ..Change::default()
        })
    }

    /// Returns the steps for dpkg.
    fn actions(&self) -> Vec<Action> {
        let leftovers = self.leftovers.iter().cloned().map(Action::Remove);
        let key = |package: PackageId| key(&self.input.universe, package);
        let steps = self.plan.steps.iter().map(|step| match *step {
            Step::Remove(package) => Action::Remove(key(package)),
            Step::GiveWay(package) => Action::GiveWay(key(package)),
            Step::Replaced(package) => Action::Replaced(key(package)),
            Step::Unpack(package) => Action::Unpack(key(package)),
            Step::Configure(package) => Action::Configure(key(package)),
        });
        leftovers.chain(steps).collect()
    }

    /// Returns what is unpacked, why, and what it replaces, in the order of unpacking.
    fn comes(&self) -> Vec<(PackageId, Why, Option<PackageId>)> {
        let plan = &self.plan;
        let added = plan
            .install
            .iter()
            .map(|addition| (addition.package, addition.why, None));
        let changed = plan
            .changes()
            .map(|change| (change.to, change.why, Some(change.from)));
        let each = added
            .chain(changed)
            .map(|(package, why, from)| (package, (why, from)));
        let mut comes: HashMap<PackageId, (Why, Option<PackageId>)> = each.collect();
        let unpacked = plan.steps.iter().filter_map(|step| match step {
            Step::Unpack(package) => Some(*package),
            _ => None,
        });
        unpacked
            .filter_map(|package| comes.remove(&package).map(|(why, from)| (package, why, from)))
            .collect()
    }
}

/// Makes a generation of some packages and what they need, to run a command with; returns its folder.
pub(super) fn ephemeral(names: &[String], context: &mut Context) -> Result<PathBuf, Failure> {
    let named = names
        .iter()
        .map(|text| Spec::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::saying(USAGE, error))?;
    if named.iter().any(|spec| matches!(spec, Spec::File(_))) {
        return Err(Failure::saying(USAGE, "--with takes names of packages, no files"));
    }
    let install = context.config.install(&context.home);
    let target = InstallTarget::Own {
        folder: install.clone(),
        base: context.config.base(),
        _lock: Some(context.lock(&install)?),
    };
    let library = context.library()?;
    // Nothing of what is installed counts.
    let mut input = ResolverInput::new(&library, &[], Vec::new())?;
    input.universe.forget_essential();
    let targets = named.iter().filter_map(|spec| match spec {
        Spec::Named(named) => Some(input.target(named)),
        Spec::File(_) => None,
    });
    let request = Request {
        install: targets.collect(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &names))?;
    let staged = Transaction {
        input: &input,
        target: &target,
        plan,
        wanted: Vec::new(),
        kept_back: Vec::new(),
        command: format!("run --with {}", names.join(",")),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    };
    let mut change = staged.change(Vec::new(), context)?;
    // Most of the time all of them are in the store: nothing is said then.
    let shown = match context.printer.shows_progress() {
        true => context.unpack_bar(&mut change),
        false => None,
    };
    let made = rootless::ephemeral(&install, change);
    drop(shown);
    Ok(made?)
}

/// A package's file, verified.
pub(super) struct Downloaded {
    pub(super) path: PathBuf,
    pub(super) sha256: debian_control::digest::Sha256,
}

/// Fetches the files of packages into the cache; returns them in the same order.
pub(super) fn download(
    input: &ResolverInput<'_>,
    packages: &[PackageId],
    context: &mut Context,
) -> Result<Vec<Downloaded>, Failure> {
    let wanted = downloads(input, packages)?;
    let remote: Vec<Download> = wanted.iter().flatten().cloned().collect();
    let folder = debs(context);
    let fetcher = context.fetcher()?;
    fetcher.check_reach(&remote, &folder)?;
    let mut paths = if context.printer.shows_progress() {
        fetcher.debs(&remote, &folder, &DownloadBar::new(&remote))?
    } else {
        if !remote.is_empty() {
            let bytes = human_size::bytes(remote.iter().map(|download| download.size).sum());
            let text = format!(
                "downloading {}, {bytes}",
                human_size::counted(remote.len(), "package")
            );
            context.printer.info(text);
        }
        fetcher.debs(&remote, &folder, &Silent)?
    }
    .into_iter();
    let mut found = Vec::new();
    for (package, wanted) in packages.iter().zip(wanted) {
        found.extend(match (wanted, input.file(*package)) {
            (Some(wanted), _) => paths.next().map(|path| Downloaded {
                path,
                sha256: wanted.sha256,
            }),
            (None, file) => file.map(|file| Downloaded {
                path: file.path.clone(),
                sha256: file.sha256,
            }),
        });
    }
    Ok(found)
}

/// Returns the folder of downloaded packages.
fn debs(context: &Context) -> PathBuf {
    context.config.cache(&context.home).join("debs")
}

/// Returns where packages are fetched from; nothing for one that is a file already.
fn downloads(input: &ResolverInput<'_>, packages: &[PackageId]) -> Result<Vec<Option<Download>>, Failure> {
    let each = packages.iter().map(|package| match input.file(*package) {
        Some(_) => Ok(None),
        None => input.library().download(*package).map(Some),
    });
    Ok(each.collect::<Result<_, _>>()?)
}

/// Returns how many bytes are free where a folder is, or will be.
fn free_space(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn provenance(index: &Index) -> Provenance {
    Provenance {
        url: index.url.clone(),
        suite: index.codename.clone(),
        date: format_iso(index.date),
        key: index.signers.first().cloned(),
    }
}

fn key(universe: &Universe, package: PackageId) -> PackageKey {
    PackageKey {
        name: universe.name(package).to_owned(),
        architecture: universe.architecture(package).to_owned(),
    }
}

/// Returns which versions there are of a name, and in which suites, where a summary says that one that was chosen is not there.
fn versions_of(input: &ResolverInput<'_>, name: &str, summary: &str) -> Option<String> {
    let is_chosen = ['=', '/']
        .iter()
        .any(|sign| summary.contains(&format!("`{name}{sign}")));
    let packages = input.universe.versions_of(name);
    if !is_chosen || packages.is_empty() {
        return None;
    }
    let mut versions: Vec<String> = Vec::new();
    for package in packages {
        let version = input.universe.version(*package);
        let suites: BTreeSet<&str> = input
            .library()
            .indexes(*package)
            .map(|index| index.codename.as_str())
            .collect();
        let suites: Vec<&str> = suites.into_iter().collect();
        let text = match suites.as_slice() {
            [] => version.to_owned(),
            suites => format!("{version} ({})", suites.join(", ")),
        };
        if !versions.contains(&text) {
            versions.push(text);
        }
    }
    Some(format!("available: {}", versions.join(", ")))
}

/// Returns the architecture of a name that is not there, where packages of that architecture do not count.
fn unread_architecture<'s>(summary: &'s str, input: &ResolverInput<'_>) -> Option<&'s str> {
    let name = summary.strip_prefix("there is no package `")?.strip_suffix('`')?;
    let (_, architecture) = name.split_once(':')?;
    let is_read = input.library().machine().has(architecture);
    (!is_read && debian_control::name::is_known_to_dpkg(architecture)).then_some(architecture)
}

/// Says why a request cannot be met, and for names that nobody has which ones are near.
pub(super) fn refused(refusal: Refusal, input: &ResolverInput<'_>, names: &[&str]) -> Failure {
    let Refusal {
        kind,
        summary,
        mut reasons,
        hints,
    } = refusal;
    if kind == RefusalKind::Unknown
        && let Some(versions) = names.iter().find_map(|name| versions_of(input, name, &summary))
    {
        reasons = vec![versions];
    }
    let mut error = reasons
        .into_iter()
        .rev()
        .fold(None::<anyhow::Error>, |cause, reason| {
            Some(match cause {
                None => anyhow::anyhow!("{reason}"),
                Some(cause) => cause.context(reason),
            })
        })
        .map_or_else(
            || anyhow::anyhow!("{summary}"),
            |cause| cause.context(summary.clone()),
        );
    if error.to_string().is_empty() {
        error = anyhow::anyhow!("the request cannot be met");
    }
    let said = summary;
    let mut failure = Failure::new(REFUSED, error);
    for hint in hints {
        failure = failure.hint(hint);
    }
    if let Some(architecture) = unread_architecture(&said, input) {
        return failure.hint(format_args!(
            "packages of {architecture} do not count here: after `dpkg --add-architecture {architecture}`, `cpkgs update` fetches them for `--system`; \
             without root, `--architecture {architecture}` of `cpkgs source add` does"
        ));
    }
    for name in names {
        if input.universe.versions_of(name).is_empty() {
            let near = input.library().summaries().similar(name, 3);
            if !near.is_empty() {
                failure = failure.hint(format_args!("did you mean {}?", near.join(", ")));
            }
        }
    }
    failure
}
