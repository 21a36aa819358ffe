//! `cpkgs repair`.

use std::path::{Path, PathBuf};

use clap::Args;
use cpkgs::fetch::{Silent, Wanted};
use cpkgs::library;
use cpkgs::local::LocalDeb;
use cpkgs::rootless::{self, Add, Change, Damaged};
use debian_formats::terminal::escaped;

use super::failure::{Failure, REFUSED};
use super::progress::Bars;
use super::{Context, Done, applied, now};

/// Finishes or undoes what was cut off, and unpacks packages anew whose files are gone or damaged.
#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// Files of damaged packages that were installed from files.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &RepairArgs, context: &mut Context) -> Result<Done, Failure> {
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let repaired = rootless::repair(&install)?;
    if let Some(number) = repaired.regained {
        context.printer.tell(format_args!(
            "nothing said which generation counts: {number} does again, the newest; `cpkgs rollback N` goes to another"
        ));
    }
    for Damaged { package, why } in &repaired.damaged {
        let text = format!("{} {} is damaged: {why}", package.name, package.version);
        context.printer.tell(escaped(&text));
    }
    if repaired.damaged.is_empty() {
        context.printer.tell(format_args!(
            "all is in order; {} unfinished things removed",
            repaired.unfinished
        ));
    } else {
        let done = rootless::renew(&install, change(&repaired.damaged, &args.files, context)?)?;
        applied::tell(&done, &install, context);
    }
    if context.printer.json() {
        let names = repaired.damaged.iter().map(|damaged| &damaged.package.name);
        context.printer.value(&serde_json::json!({
            "unfinished": repaired.unfinished,
            "regained": repaired.regained,
            "unpacked": names.collect::<Vec<_>>(),
        }))?;
    }
    Ok(Done::Well)
}

/// Gets the files of damaged packages, and says that they come as they were.
fn change(damaged: &[Damaged], files: &[PathBuf], context: &mut Context) -> Result<Change, Failure> {
    let files = files
        .iter()
        .map(|path| LocalDeb::open(path))
        .collect::<Result<Vec<_>, _>>()?;
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
            receipt: package.receipt.clone(),
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

fn fetch(remote: &[Wanted], cache: &Path, context: &mut Context) -> Result<Vec<PathBuf>, Failure> {
    if remote.is_empty() {
        return Ok(Vec::new());
    }
    let fetcher = context.fetcher()?;
    Ok(if context.printer.shows_progress() {
        fetcher.debs(remote, cache, &Bars::new(remote))?
    } else {
        fetcher.debs(remote, cache, &Silent)?
    })
}

/// Returns where a package is fetched from: the archive it came from, and the mirrors that the source has by now.
fn wanted(damaged: &Damaged, context: &Context) -> Result<Wanted, Failure> {
    let package = &damaged.package;
    let Some(receipt) = &package.receipt else {
        let text = format!("`{}` {} came from a file", package.name, package.version);
        return Err(
            Failure::saying(REFUSED, text).hint("give the file to it once more: `cpkgs repair ./FILE.deb`")
        );
    };
    let mut roots = vec![receipt.url.clone()];
    let source = context
        .config
        .sources
        .iter()
        .find(|source| source.url == receipt.url);
    roots.extend(source.iter().flat_map(|source| source.mirrors.iter().cloned()));
    Ok(library::wanted(&package.stanza, &receipt.suite, &roots)?)
}
