//! `cpkgs repair`.

use std::path::{Path, PathBuf};

use apt_client::fetch::{Download, Silent};
use apt_client::package_cache;
use clap::Args;
use cpkgs::local::LocalDeb;
use cpkgs::system::{System, Unfinished};
use debian_control::terminal::escaped;
use resolver::broken::broken;
use resolver::request::{Recommends, Request, Target};
use resolver::solve::solve;
use rootless::{Add, Change, Configuration, Damaged};

use super::damaged;
use super::failure::{Failure, REFUSED};
use super::human_size::counted;
use super::install_target::{Indexes, InstallTarget, InstallTargetArgs, Run};
use super::printer::Printer;
use super::progress::DownloadBar;
use super::refusal::refused;
use super::transaction::Transaction;
use super::{Context, Outcome, now, report};

/// Finish or undo interrupted changes, and unpack packages again whose files are missing or damaged.
#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// Package files, for damaged packages that were installed from files.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    target: InstallTargetArgs,
}

pub(super) fn run(args: &RepairArgs, context: &mut Context) -> Result<Outcome, Failure> {
    // A file that cannot be read is told of before anything changes, and where it is not needed, too.
    let files = args.files.iter().map(|path| LocalDeb::open(path));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    if args.target.is_system() {
        return system(args, files, context);
    }
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let repaired = rootless::repair(&install)?;
    if let Some(number) = repaired.regained {
        context.printer.info(format_args!(
            "the link to the current generation was missing: it is {number} again, the newest; `cpkgs rollback N` changes to another"
        ));
    }
    for Damaged { package, why } in &repaired.damaged {
        let text = format!("{} {} is damaged: {why}", package.name, package.version);
        context.printer.info(escaped(&text));
    }
    if repaired.damaged.is_empty() {
        let removed = match repaired.unfinished {
            0 => String::new(),
            count => format!("; {} removed", counted(count, "unfinished folder")),
        };
        context
            .printer
            .info(format_args!("everything is in order{removed}"));
    } else {
        let mut change = change(&repaired.damaged, &files, context)?;
        let shown = context.unpack_bar(&mut change);
        let done = rootless::renew(&install, change);
        drop(shown);
        let done = done?;
        report::report(&done, &install, context);
    }
    report_system(&context.printer);
    if context.printer.json() {
        let names = repaired.damaged.iter().map(|damaged| &damaged.package.name);
        context.printer.value(&serde_json::json!({
            "unfinished": repaired.unfinished,
            "regained": repaired.regained,
            "unpacked": names.collect::<Vec<_>>(),
        }))?;
    }
    Ok(Outcome::Success)
}

/// Says what the machine's own dpkg is not done with: `repair` alone is for packages without root, and who repairs may mean the other.
fn report_system(printer: &Printer) {
    // A machine need not have a dpkg, nor one that everybody may look into.
    for one in System::default().unfinished().into_iter().flatten() {
        printer.warning(format_args!(
            "in the system, {one}: `cpkgs repair --system` continues it"
        ));
    }
}

/// Lets dpkg go on with what it was not done with, and unpacks again what was cut off.
fn system(args: &RepairArgs, files: Vec<LocalDeb>, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, Run::Real)?;
    let begun = target.unfinished()?.len();
    let unfinished = target.configure(context)?;
    if unfinished.iter().any(Unfinished::is_damaged) {
        unpack_again(&unfinished, files, &target, context)?;
    }
    let unfinished = target.unfinished()?;
    if context.printer.json() {
        let names = unfinished.iter().map(|one| &one.key.name);
        context.printer.value(&serde_json::json!({
            "unfinished": begun,
            "left": names.collect::<Vec<_>>(),
        }))?;
    }
    let Some(first) = unfinished.first() else {
        let finished = match begun {
            0 => String::new(),
            count => format!("; {} finished", counted(count, "unfinished package")),
        };
        context
            .printer
            .info(format_args!("everything is in order{finished}"));
        return Ok(Outcome::Success);
    };
    for further in unfinished.iter().skip(1) {
        context.printer.error_line(further);
    }
    let name = escaped(&first.key.name);
    let failure = Failure::saying(REFUSED, first);
    let mut failure = if first.is_damaged() {
        failure.hint(format_args!(
            "no source has it: `cpkgs repair --system ./{name}.deb` installs it from a file"
        ))
    } else {
        failure.hint(
            "dpkg printed above why it cannot be configured; a fixed version of it can be installed over it",
        )
    };
    if is_any_broken(&unfinished, &target, context) {
        failure = failure.hint(
            "`cpkgs full-upgrade --system --fix-broken` installs what is missing, or removes what cannot be kept",
        );
    }
    // The system cannot do without an essential package, broken or not.
    if !first.is_essential {
        failure = failure.hint(format_args!("`cpkgs remove --system {name}` removes it"));
    }
    Err(failure)
}

/// Says whether a package that dpkg is not done with lacks another, or cannot be beside one.
fn is_any_broken(unfinished: &[Unfinished], target: &InstallTarget, context: &Context) -> bool {
    // It is asked for a hint: where the indexes cannot be read, there is none.
    let Ok(library) = target.library(Indexes::IfAny, context) else {
        return false;
    };
    let Ok(input) = target.resolver_input(&library, Vec::new(), context) else {
        return false;
    };
    let broken = broken(&input.universe, &input.installed);
    broken.iter().any(|one| {
        let name = input.universe.name(one.package);
        unfinished.iter().any(|unfinished| unfinished.key.name == name)
    })
}

/// Unpacks damaged packages again: from the files that are given, in the version that was being installed, else in the newest.
fn unpack_again(
    unfinished: &[Unfinished],
    files: Vec<LocalDeb>,
    target: &InstallTarget,
    context: &mut Context,
) -> Result<(), Failure> {
    let count = files.len();
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, files, context)?;
    let universe = &input.universe;
    let given: Vec<Target> = (0..count).filter_map(|place| input.file_target(place)).collect();
    let is_given = |one: &Unfinished| {
        given.iter().any(|target| match target {
            Target::OneOf { packages, .. } => {
                let mut packages = packages.iter();
                packages.any(|package| universe.name(*package) == one.key.name)
            }
            Target::Named { .. } => false,
        })
    };
    let mut install = damaged::targets(unfinished.iter().filter(|one| !is_given(one)), &input);
    install.extend(given.iter().cloned());
    if install.is_empty() {
        return Ok(());
    }
    let request = Request {
        install,
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let plan = solve(universe, &request).map_err(|refusal| refused(refusal, &input, &[]))?;
    let staged = Transaction {
        wanted: Vec::new(),
        input: &input,
        target,
        plan,
        kept_back: Vec::new(),
        command: "repair".to_owned(),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    };
    staged.finish(Run::Real, context).map(|_| ())
}

/// Gets the files of damaged packages, and says that they come as they were.
fn change(damaged: &[Damaged], files: &[LocalDeb], context: &mut Context) -> Result<Change, Failure> {
    let cache = context.config.cache(&context.home).join("debs");
    let mut debs: Vec<(&Damaged, Option<PathBuf>)> = Vec::new();
    let mut remote = Vec::new();
    for damaged in damaged {
        let package = &damaged.package;
        let given = files
            .iter()
            .find(|file| file.sha256.to_string() == package.sha256);
        if given.is_none() {
            remote.push(wanted(damaged, context)?);
        }
        debs.push((damaged, given.map(|file| file.path.clone())));
    }
    let mut fetched = fetch(&remote, &cache, context)?.into_iter();
    let mut add = Vec::new();
    for (damaged, given) in debs {
        let package = &damaged.package;
        let sha256 = package.sha256.parse().map_err(|error| {
            Failure::saying(
                REFUSED,
                format_args!("the plan of the generation is damaged: {error}"),
            )
        })?;
        add.extend(given.or_else(|| fetched.next()).map(|deb| Add {
            stanza: package.stanza.clone(),
            deb,
            sha256,
            automatic: package.automatic,
            why: package.why.clone(),
            provenance: package.provenance.clone(),
        }));
    }
    Ok(Change {
        add,
        command: "repair".to_owned(),
        time: now(),
        launcher: std::env::current_exe().ok(),
        ..Change::default()
    })
}

fn fetch(remote: &[Download], cache: &Path, context: &mut Context) -> Result<Vec<PathBuf>, Failure> {
    if remote.is_empty() {
        return Ok(Vec::new());
    }
    let fetcher = context.fetcher()?;
    Ok(if context.printer.shows_progress() {
        fetcher.debs(remote, cache, &DownloadBar::new(remote))?
    } else {
        fetcher.debs(remote, cache, &Silent)?
    })
}

/// Returns where a package is fetched from: the archive it came from, and the mirrors that the source has by now.
fn wanted(damaged: &Damaged, context: &Context) -> Result<Download, Failure> {
    let package = &damaged.package;
    let Some(provenance) = &package.provenance else {
        let text = format!("`{}` {} came from a file", package.name, package.version);
        return Err(Failure::saying(REFUSED, text).hint("name its file: `cpkgs repair ./FILE.deb`"));
    };
    let mut roots = vec![provenance.url.clone()];
    let source = context
        .config
        .sources
        .iter()
        .find(|source| source.url == provenance.url);
    roots.extend(source.iter().flat_map(|source| source.mirrors.iter().cloned()));
    Ok(package_cache::download(
        &package.stanza,
        &provenance.suite,
        &roots,
    )?)
}
