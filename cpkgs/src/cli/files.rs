//! `cpkgs files` and `cpkgs search --file`: which files a package has, and which package has a file.

use std::collections::BTreeSet;

use apt_client::contents::{self, ContentsError, FileHits, FileLists};
use apt_client::lists::Lists;
use apt_client::package_cache::{PackageCache, PackageSummary};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::installed::InstalledPackage;
use cpkgs::machine;
use cpkgs::spec::Named;
use debian_control::terminal::escaped;
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE, no_sources};
use super::install_target::{InstallTarget, InstallTargetArgs, Run};
use super::unknown_package::matching;
use super::{Context, Outcome, human_size};

/// List the files of a package: those installed, or else those that the archives list.
#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    name: String,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// A file as `search --file --json` prints it.
#[derive(Serialize)]
struct FileView<'f> {
    path: &'f str,
    name: &'f str,
    suite: &'f str,
}

pub(super) fn files(args: &FilesArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, Run::Dry)?;
    let named = Named::parse(&args.name).map_err(|error| Failure::saying(USAGE, error))?;
    if is_meant_installed(&named, &target, context)?
        && let Some(files) = target.files_of(&named)?
    {
        return print(files.into_iter().collect(), context);
    }
    let not_installed = || Failure::saying(REFUSED, format_args!("`{}` is not installed", args.name));
    // A list of files has tens of megabytes: it is not fetched for a name that no package has.
    let library = context.library().ok();
    let meant = library
        .as_ref()
        .map(|library| matching(&named, library))
        .transpose()?;
    // Who has no source yet asks for what is installed.
    let lists = match file_lists(context) {
        Ok(Some(lists)) => lists,
        Ok(None) => {
            return Err(
                not_installed().hint(format_args!("`cpkgs download {}` fetches its package", args.name))
            );
        }
        Err(_) if context.config.sources.is_empty() => return Err(not_installed()),
        Err(failure) => return Err(failure),
    };
    let mut found = lists.here.files_of(&named.name);
    if let (Some(library), Some([first, ..])) = (&library, meant.as_deref()) {
        let suites: Vec<&str> = library
            .indexes_of(first)
            .map(|index| index.codename.as_str())
            .collect();
        let is_chosen = named.version.is_some() || named.suite.is_some();
        let is_listed = found.hits.iter().any(|hit| suites.contains(&hit.suite.as_str()));
        // Of a suite without a list, what another one lists is the next best.
        if is_listed || is_chosen {
            found.hits.retain(|hit| suites.contains(&hit.suite.as_str()));
        }
        if named.version.is_some() && !found.hits.is_empty() {
            tell_of_other_versions(&named, first, library, context)?;
        }
    }
    report_missing(lists.missing, &found, context)?;
    if found.hits.is_empty() {
        let message = format_args!("`{}` is not installed, and no list of files has it", args.name);
        return Err(Failure::saying(REFUSED, message).hint(format_args!(
            "`cpkgs search {}` searches for packages",
            named.name
        )));
    }
    tell_cut(&found, context);
    print(found.hits.into_iter().map(|hit| hit.path).collect(), context)
}

/// Warns where a suite has other versions beside the one that was named: a list of files knows names only.
fn tell_of_other_versions(
    named: &Named,
    meant: &PackageSummary<'_>,
    library: &PackageCache,
    context: &Context,
) -> Result<(), Failure> {
    let any_version = Named {
        version: None,
        ..named.clone()
    };
    let suites: Vec<&str> = library
        .indexes_of(meant)
        .map(|index| index.codename.as_str())
        .collect();
    let mut others = matching(&any_version, library)?;
    others.retain(|other| {
        let mut indexes = library.indexes_of(other);
        other.version != meant.version && indexes.any(|index| suites.contains(&index.codename.as_str()))
    });
    if let Some(other) = others.first() {
        context.printer.warning(format_args!(
            "the list of files of {} does not tell versions apart: these are also the files of {} {}",
            suites.join(", "),
            escaped(&named.name),
            escaped(other.version)
        ));
    }
    Ok(())
}

/// Says whether what is installed of a name is what a person means: in this version, or of this suite.
fn is_meant_installed(named: &Named, target: &InstallTarget, context: &Context) -> Result<bool, Failure> {
    let is_any = |is_one: &dyn Fn(&InstalledPackage) -> bool| -> Result<bool, Failure> {
        let installed = target.installed()?;
        let mut installed = installed.iter().filter(|package| package.name == named.name);
        Ok(installed.any(is_one))
    };
    match (&named.version, &named.suite) {
        (None, None) => Ok(true),
        (Some(version), _) => is_any(&|package| package.version == *version),
        (None, Some(_)) => {
            let library = context.library()?;
            let of_suite = matching(named, &library)?;
            is_any(&|package| of_suite.iter().any(|one| one.version == package.version))
        }
    }
}

fn print(files: BTreeSet<String>, context: &mut Context) -> Result<Outcome, Failure> {
    for file in files {
        if context.printer.json() {
            context.printer.value(&file)?;
        } else {
            context.printer.line(escaped(&file))?;
        }
    }
    Ok(Outcome::Success)
}

/// Searches the paths of files.
pub(super) fn search(words: &[String], context: &mut Context) -> Result<Outcome, Failure> {
    let lists = file_lists(context)?.ok_or_else(|| {
        Failure::saying(REFUSED, "no source offers a list of its files (Contents)")
            .hint("`cpkgs search` without --file searches names and descriptions")
    })?;
    let found = lists.here.search(words);
    report_missing(lists.missing, &found, context)?;
    tell_cut(&found, context);
    for hit in &found.hits {
        if context.printer.json() {
            context.printer.value(&FileView {
                path: &hit.path,
                name: &hit.package,
                suite: &hit.suite,
            })?;
        } else {
            context
                .printer
                .row(format_args!("{}\t{}", hit.package, hit.path))?;
        }
    }
    Ok(Outcome::Success)
}

fn tell_cut(found: &FileHits, context: &mut Context) {
    if found.is_cut {
        context
            .printer
            .warning("there are more files than are shown: use a longer word");
    }
}

/// Reports lists that did not come. Where nothing was found without them, that is no answer but a failure.
fn report_missing(missing: Vec<Failure>, found: &FileHits, context: &mut Context) -> Result<(), Failure> {
    let mut missing = missing.into_iter();
    let failure = found.hits.is_empty().then(|| missing.next()).flatten();
    for other in missing {
        other.warn(&context.printer);
    }
    failure.map_or(Ok(()), Err)
}

/// The lists of files of all sources.
struct FetchedLists {
    here: FileLists,
    /// Why others are not here.
    missing: Vec<Failure>,
}

/// Opens the lists of files of all sources, and fetches first what is not here; `None` where no source offers any.
///
/// The list of one suite that does not come keeps nobody from those of the others.
fn file_lists(context: &mut Context) -> Result<Option<FetchedLists>, Failure> {
    if context.config.sources.is_empty() {
        return Err(no_sources());
    }
    let cache = context.config.cache(&context.home);
    let sources = context.sources()?;
    let lists = Lists::open(&cache, &sources, &[machine::architecture().to_owned()])?;
    if lists.contents.is_empty() {
        return Ok(None);
    }
    let (here, missing) = FileLists::open(&cache, &lists);
    if missing.is_empty() {
        return Ok(Some(FetchedLists {
            here,
            missing: Vec::new(),
        }));
    }
    for list in &missing {
        context.printer.info(format_args!(
            "fetching the list of files `{}` of {} ({})",
            escaped(&list.name),
            escaped(&list.codename),
            human_size::bytes(list.size)
        ));
    }
    let (fetcher, _shown) = context.shown_fetcher()?;
    let mut failed = Vec::new();
    // Archives that cannot be reached: that is told of once, whatever was to come from there.
    let mut away: Vec<&str> = Vec::new();
    for list in missing {
        let root = list.roots.first().map_or("", String::as_str);
        if away.contains(&root) {
            continue;
        }
        match contents::fetch(&cache, list, &fetcher, &sources) {
            Err(error @ ContentsError::Fetch { .. }) => {
                if error.is_away() {
                    away.push(root);
                }
                failed.push(error.into());
            }
            done => done?,
        }
    }
    contents::sweep(&cache, &lists);
    Ok(Some(FetchedLists {
        here: FileLists::open(&cache, &lists).0,
        missing: failed,
    }))
}
