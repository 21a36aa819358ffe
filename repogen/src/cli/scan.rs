//! `repogen scan`: a Packages file for a folder, with no archive.

use std::path::PathBuf;
use std::thread;

use clap::Args;
use debian_formats::architecture::Architecture;
use debian_formats::deb::Data;
use repogen::scan::{Scan, Versions, scan};

use super::Context;
use super::exit::{Done, Failure, with_causes};
use debian_formats::terminal::escaped;

/// Print a Packages file for a folder of .deb files, as dpkg-scanpackages does.
#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// The folder; the paths in the output begin with it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How many files to read at a time; as many as there are cores when left out.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Only packages of this architecture, and of `all`.
    #[arg(long, short, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// All versions of a package, not only the newest.
    #[arg(long, short)]
    multiversion: bool,
    /// Read data members to their end, too.
    #[arg(long)]
    deep: bool,
}

pub(super) fn run(args: ScanArgs, context: &mut Context) -> Result<Done, Failure> {
    if !args.folder.is_dir() {
        return Err(Failure::not_possible(format_args!(
            "`{}` is no folder",
            args.folder.display()
        )));
    }
    let cores = thread::available_parallelism().map_or(1, |count| count.get());
    let scanned = scan(&Scan {
        folder: &args.folder,
        jobs: args.jobs.map_or(cores, usize::from),
        architecture: args.arch.as_ref(),
        versions: if args.multiversion {
            Versions::All
        } else {
            Versions::Newest
        },
        data: if args.deep { Data::List } else { Data::Skip },
    });
    for stanza in &scanned.stanzas {
        context.printer.text(stanza)?;
    }
    for path in &scanned.older {
        let path = escaped(&path.to_string_lossy());
        context.printer.tell(format_args!(
            "warning: `{path}` left out: there is a newer version (--multiversion keeps it)"
        ));
    }
    for (path, error) in &scanned.rejected {
        context.printer.tell(format_args!(
            "error: `{}`: {}",
            escaped(&path.to_string_lossy()),
            with_causes(error)
        ));
    }
    Ok(Done::after(scanned.rejected.len()))
}
