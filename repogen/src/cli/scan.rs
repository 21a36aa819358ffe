//! `repogen scan`: a Packages file for a folder, with no archive.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{ArgAction, Args};
use debian_archive::scan::{Hashes, Overrides, Scan, VersionFilter, scan};
use debian_control::architecture::{Architecture, ArchitectureError};
use debian_deb::Data;

use super::context::Context;
use super::exit::{Completion, Failure, with_causes};
use debian_control::terminal::escaped;

/// Print a Packages file for a directory of .deb files, as dpkg-scanpackages does.
///
/// Accepts the arguments of dpkg-scanpackages. As there, `-h` means `--hash`; `--help` and `-?` print this text.
#[derive(Debug, Args)]
// As there, the last of several counts.
#[command(disable_help_flag = true, args_override_self = true)]
pub(super) struct ScanArgs {
    /// The directory, or one package file; paths in the output begin with it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Override file with lines `PACKAGE PRIORITY SECTION [MAINTAINER]`; MAINTAINER is `OLD => NEW` or the new value.
    #[arg(value_name = "OVERRIDES")]
    overrides: Option<PathBuf>,
    /// Text that is put before every path in the output.
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
    /// Only files with this extension: `deb`, `udeb` or `ddeb`.
    #[arg(long = "type", short = 't', value_name = "TYPE", default_value = "deb", value_parser = kind)]
    kind: String,
    /// Digests to print, comma-separated: `md5`, `sha1`, `sha256` [default: md5,sha256].
    #[arg(long, short = 'h', value_name = "LIST", value_parser = hashes)]
    hash: Option<Hashes>,
    /// Extra override file with lines `PACKAGE FIELD VALUE`.
    #[arg(long, short, value_name = "FILE")]
    extra_override: Option<PathBuf>,
    /// Print `X-Medium` with this value for every package.
    #[arg(long, short = 'M', short_alias = 'S', value_name = "MEDIUM")]
    medium: Option<String>,
    /// Number of files to read at a time [default: the number of cores].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Only packages of this architecture and of `all`.
    #[arg(long, short, value_name = "ARCH", value_parser = filter)]
    arch: Option<ArchitectureFilter>,
    /// Print all versions of a package, not only the newest.
    #[arg(long, short, overrides_with = "no_multiversion")]
    multiversion: bool,
    /// Print only the newest version of a package: the default.
    #[arg(long, alias = "nomultiversion")]
    no_multiversion: bool,
    /// Read and check the data members too.
    #[arg(long)]
    deep: bool,
    /// Print help.
    #[arg(long, short = '?', action = ArgAction::Help)]
    help: Option<bool>,
}

/// One architecture, or all of them.
#[derive(Debug, Clone)]
struct ArchitectureFilter(Option<Architecture>);

/// Returns which architecture is meant; by an empty name all are, as for dpkg-scanpackages.
fn filter(name: &str) -> Result<ArchitectureFilter, ArchitectureError> {
    let one = (!name.is_empty()).then(|| name.parse()).transpose()?;
    Ok(ArchitectureFilter(one))
}

/// What apt reads.
const DEFAULT_HASHES: Hashes = Hashes {
    md5: true,
    sha1: false,
    sha256: true,
};

/// Returns the digests of a list; those of an empty one are the default, as for dpkg-scanpackages.
fn hashes(list: &str) -> Result<Hashes, String> {
    if list.is_empty() {
        return Ok(DEFAULT_HASHES);
    }
    let mut hashes = Hashes::default();
    for name in list.split(',') {
        match name.to_ascii_lowercase().as_str() {
            "md5" => hashes.md5 = true,
            "sha1" => hashes.sha1 = true,
            "sha256" => hashes.sha256 = true,
            _ => {
                return Err(format!(
                    "unknown digest `{name}`: expected `md5`, `sha1` or `sha256`"
                ));
            }
        }
    }
    Ok(hashes)
}

/// Reads an override file, before anything is printed.
fn read(path: Option<&Path>, read: fn(&Path) -> io::Result<Overrides>) -> Result<Option<Overrides>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let overrides = read(path).map_err(|error| {
        Failure::not_possible(format_args!(
            "cannot read the override file `{}`: {error}",
            escaped(&path.to_string_lossy())
        ))
    })?;
    Ok(Some(overrides))
}

/// Reads an extension: no pattern fits any file, and an empty index would be taken for that of an empty folder.
fn kind(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err("expected an extension such as `deb`".to_owned())
}

pub(super) fn run(args: ScanArgs, context: &mut Context) -> Result<Completion, Failure> {
    let is_package = args.folder.extension().is_some_and(|end| *end == *args.kind);
    if !(args.folder.is_dir() || is_package && args.folder.is_file()) {
        return Err(Failure::not_possible(format_args!(
            "`{}` is neither a folder nor a .{} file",
            escaped(&args.folder.to_string_lossy()),
            escaped(&args.kind)
        )));
    }
    let cores = thread::available_parallelism().map_or(1, |count| count.get());
    // dpkg-scanpackages takes /dev/null for no overrides, and then misses every package in it.
    let named = args
        .overrides
        .as_deref()
        .filter(|path| *path != Path::new("/dev/null"));
    let overrides = read(named, Overrides::read)?;
    let extra = read(args.extra_override.as_deref(), Overrides::read_extra)?;
    let wanted = Scan {
        folder: &args.folder,
        jobs: args.jobs.map_or(cores, usize::from),
        architecture: args.arch.as_ref().and_then(|filter| filter.0.as_ref()),
        versions: if args.multiversion && !args.no_multiversion {
            VersionFilter::All
        } else {
            VersionFilter::Newest
        },
        data: if args.deep { Data::List } else { Data::Skip },
        kind: &args.kind,
        hashes: args.hash.unwrap_or(DEFAULT_HASHES),
        prefix: args.prefix.as_deref().unwrap_or_default(),
        medium: args.medium.as_deref(),
    };
    let scanned = scan(&wanted, overrides, extra);
    for stanza in &scanned.stanzas {
        context.printer.text(stanza)?;
    }
    for warning in &scanned.warnings {
        context
            .printer
            .info(format_args!("warning: {}", escaped(warning)));
    }
    for other in &scanned.left_out {
        let (path, kept) = (other.path.to_string_lossy(), other.kept.to_string_lossy());
        let version = if other.is_same_version {
            "the same"
        } else {
            "a newer"
        };
        context.printer.info(format_args!(
            "warning: skipped `{}`: `{}` has {version} version (use --multiversion to keep it)",
            escaped(&path),
            escaped(&kept)
        ));
    }
    for (path, error) in &scanned.rejected {
        context.printer.info(format_args!(
            "error: `{}`: {}",
            escaped(&path.to_string_lossy()),
            with_causes(error)
        ));
    }
    Ok(Completion::after(scanned.rejected.len()))
}
