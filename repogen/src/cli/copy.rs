//! `repogen copy`: packages of one suite into another.

use archive_catalog::{Entry, PlacementOutcome, Selection};
use clap::Args;
use debian_archive::ingest::{CopyWish, SuiteComponent, UploadContext};
use debian_control::version::Version;

use super::context::Context;
use super::exit::{Completion, Failure, with_causes};
use super::select::{self, PackageArg};
use super::system_clock::now;

/// Copy packages from one suite to another; without a version, the newest.
///
/// Prints one line a package: `added`, `unchanged` or `rejected`, then name, version and architecture.
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// Suite to copy from.
    #[arg(long, value_name = "S")]
    from: String,
    /// Suite to copy to.
    #[arg(long, value_name = "S2")]
    to: String,
    /// Copy packages even if they have known vulnerabilities that the suite rejects.
    #[arg(long)]
    allow_vulnerable: bool,
    /// The packages.
    #[arg(required = true, value_name = "NAME[=VERSION]")]
    packages: Vec<PackageArg>,
}

pub(super) fn run(args: CopyArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let from = select::codename(&archive, Some(&args.from))?;
    let to = select::suite(archive.config(), Some(&args.to))?;
    let mut rejections = 0;
    for package in &args.packages {
        let selection = Selection {
            suite: Some(from.clone()),
            name: Some(package.name.clone()),
            version: package.version.clone(),
            architecture: None,
        };
        let found = newest(archive.catalog().list(&selection)?);
        if found.is_empty() {
            context
                .printer
                .info(format_args!("error: no `{package}` in suite `{}`", from));
            rejections += 1;
        }
        for entry in found {
            let content = &entry.content;
            let name = format!("{}\t{}\t{}", content.name, content.version, content.architecture);
            // The component that it stands in, where the other suite has one of that name.
            let held = entry
                .suites
                .iter()
                .find(|(suite, _)| *suite == from)
                .map(|(_, component)| component);
            let component = held
                .filter(|held| to.components.contains(held))
                .unwrap_or(to.default_component());
            let wish = CopyWish {
                entry: &entry,
                place: SuiteComponent { suite: to, component },
                metadata: archive.moving_metadata((&from, None), to, &content.sha256)?,
            };
            let arrival = UploadContext {
                now: now(),
                vulnerable: select::vulnerable(args.allow_vulnerable),
                ..UploadContext::default()
            };
            match archive.copy(wish, &arrival) {
                Ok(PlacementOutcome::Unchanged) => context.printer.line(format_args!("unchanged\t{name}"))?,
                Ok(_) => context.printer.line(format_args!("added\t{name}"))?,
                Err(error) if error.is_rejection() => {
                    rejections += 1;
                    context
                        .printer
                        .line(format_args!("rejected\t{name}\t{}", with_causes(&error)))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Completion::after(rejections))
}

/// Returns the entries of the newest version, for each architecture that has it.
fn newest(entries: Vec<Entry>) -> Vec<Entry> {
    let newest: Option<Version> = entries.iter().map(|entry| entry.content.version.clone()).max();
    entries
        .into_iter()
        .filter(|entry| Some(&entry.content.version) == newest.as_ref())
        .collect()
}
