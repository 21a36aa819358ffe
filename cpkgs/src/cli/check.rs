//! `cpkgs check`: what cannot be installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::PathBuf;

use apt_client::package_cache::{Machine, PackageCache};
use clap::Args;
use cpkgs::machine;
use debian_control::limits::Limits;
use debian_control::stanza::{Stanza, StanzaReader, index_text};
use debian_control::terminal::escaped;
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};
use resolver::check::check_suites;
use resolver::universe::{PackageId, Source, Universe, UniverseError};
use serde::Serialize;

use super::failure::{Failure, REFUSED, USAGE};
use super::{Context, Outcome};

/// More than the index of any archive has.
const MOST_BYTES: u64 = 1 << 32;

/// Find packages that cannot be installed together with the Essential set, and say why.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// A Packages file (plain, gz, xz or zst; `-` for stdin) instead of the indexes of the sources.
    #[arg(long, value_name = "FILE")]
    packages: Option<PathBuf>,
    /// The architecture to check; packages of other architectures are ignored.
    #[arg(long, value_name = "ARCH")]
    architecture: Option<String>,
}

/// A package that cannot be installed, as `--json` prints it.
#[derive(Debug, Serialize)]
struct BrokenView<'u> {
    package: &'u str,
    version: &'u str,
    architecture: &'u str,
    reasons: &'u [String],
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
struct CheckCounts {
    checked: usize,
    broken: usize,
}

pub(super) fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let architecture = args.architecture.as_deref().unwrap_or(machine::architecture());
    let mut unreadable = Vec::new();
    let mut suites = Vec::new();
    let universe = match &args.packages {
        Some(path) => read_universe(path, architecture, &mut unreadable)?,
        None if args.architecture.is_some() => {
            return Err(Failure::saying(USAGE, "--architecture goes with --packages")
                .hint("the indexes of the sources are those of this machine"));
        }
        None => {
            let library = context.library()?;
            let universe = library.universe()?;
            suites = suites_of(&library, &universe);
            universe
        }
    };
    let broken = check_suites(&universe, &suites);
    for broken in &broken {
        let view = BrokenView {
            package: universe.name(broken.package),
            version: universe.version(broken.package),
            architecture: universe.architecture(broken.package),
            reasons: &broken.reasons,
        };
        print(&view, context)?;
    }
    for unreadable in &unreadable {
        print(&unreadable.view(), context)?;
    }
    let counts = CheckCounts {
        checked: universe.len() + unreadable.len(),
        broken: broken.len() + unreadable.len(),
    };
    if context.printer.json() {
        context.printer.value(&counts)?;
    } else {
        let CheckCounts { checked, broken } = counts;
        context
            .printer
            .info(format_args!("{checked} checked, {broken} broken"));
    }
    Ok(if counts.broken == 0 {
        Outcome::Success
    } else {
        Outcome::Broken
    })
}

/// Returns the packages of each suite.
fn suites_of(library: &PackageCache, universe: &Universe) -> Vec<Vec<PackageId>> {
    let mut suites: BTreeMap<(&str, &str), Vec<PackageId>> = BTreeMap::new();
    for package in universe.packages() {
        let of: BTreeSet<(&str, &str)> = library
            .indexes(package)
            .map(|index| (index.url.as_str(), index.codename.as_str()))
            .collect();
        for suite in of {
            suites.entry(suite).or_default().push(package);
        }
    }
    suites.into_values().collect()
}

fn print(view: &BrokenView<'_>, context: &mut Context) -> Result<(), Failure> {
    if context.printer.json() {
        return Ok(context.printer.value(view)?);
    }
    let BrokenView {
        package,
        version,
        architecture,
        reasons,
    } = view;
    context
        .printer
        .row(format_args!("{package}\t{version}\t{architecture}"))?;
    for reason in *reasons {
        context.printer.line(format_args!("  {}", escaped(reason)))?;
    }
    Ok(())
}

/// A stanza that says something without a meaning: nobody can install that.
#[derive(Default)]
struct Unreadable {
    package: String,
    version: String,
    architecture: String,
    reasons: [String; 1],
}

impl Unreadable {
    fn of(stanza: &Stanza<'_>, error: &UniverseError) -> Self {
        let line = |name| stanza.line(name).unwrap_or_default().to_owned();
        Self {
            package: line("Package"),
            version: line("Version"),
            architecture: line("Architecture"),
            reasons: [error.to_string()],
        }
    }

    fn view(&self) -> BrokenView<'_> {
        BrokenView {
            package: &self.package,
            version: &self.version,
            architecture: &self.architecture,
            reasons: &self.reasons,
        }
    }
}

fn read_universe(
    path: &std::path::Path,
    architecture: &str,
    unreadable: &mut Vec<Unreadable>,
) -> Result<Universe, Failure> {
    let cannot = |error: io::Error| {
        Failure::new(
            USAGE,
            anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())),
        )
    };
    let text = read_text(path).map_err(cannot)?;
    let mut builder = Machine::new(architecture, &[])?.builder();
    for stanza in StanzaReader::new(&text) {
        let added = match &stanza {
            Ok(stanza) => builder
                .add(stanza, Source::default())
                .map_err(|error| match error {
                    UniverseError::TooMany(_) => Err(Failure::new(REFUSED, error)),
                    error => Ok(Unreadable::of(stanza, &error)),
                }),
            Err(error) => Err(Ok(Unreadable {
                reasons: [error.to_string()],
                ..Unreadable::default()
            })),
        };
        if let Err(wrong) = added {
            let wrong = wrong?;
            if ["", "all", architecture].contains(&wrong.architecture.as_str()) {
                unreadable.push(wrong);
            }
        }
    }
    Ok(builder.finish())
}

/// Reads a text, however it is compressed: its first bytes say so.
fn read_text(path: &std::path::Path) -> io::Result<String> {
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path)?)
    };
    let mut input = BufReader::with_capacity(64 << 10, input);
    let compression = compression_of(input.fill_buf()?);
    let bounds = Bounds::new(&Limits::default(), MOST_BYTES);
    let mut bytes = Vec::new();
    Decoder::new(compression, Streams::Index, input, bounds)?.read_to_end(&mut bytes)?;
    Ok(index_text(bytes))
}

/// Source: RFC 1952, the xz file format 2.1.1.1, RFC 8878, and the bzip2 manual.
fn compression_of(start: &[u8]) -> Compression {
    match start {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        [b'B', b'Z', b'h', ..] => Compression::Bzip2,
        _ => Compression::None,
    }
}
