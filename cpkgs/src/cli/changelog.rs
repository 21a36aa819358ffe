//! `cpkgs changelog`.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::resolver_input::ResolverInput;
use debian_control::limits::Limits;
use debian_control::terminal::escaped;
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};
use debian_deb::{DataEntry, DataKind, DataVisitor, read_with};

use super::candidates;
use super::download::matching;
use super::failure::{Failure, REFUSED, UNVERIFIED};
use super::fetch_debs::download;
use super::{Context, Outcome};

/// Most bytes of a changelog.
const MAX_CHANGELOG: u64 = 64 << 20;

/// Show the changelog of packages, by default of their newest versions.
///
/// It is read from the package, which is downloaded and verified: no other signed file contains it.
#[derive(Debug, Args)]
pub(super) struct ChangelogArgs {
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    packages: Vec<String>,
}

pub(super) fn run(args: &ChangelogArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let library = context.library()?;
    let input = ResolverInput::new(&library, &[], Vec::new())?;
    let packages = args.packages.iter().map(|text| matching(text, &input));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    for (package, deb) in packages.iter().zip(download(&input, &packages, context)?) {
        let name = input.universe.name(*package);
        let text = match read(&deb.path, name)? {
            FoundChangelog::Text(text) => text,
            FoundChangelog::Link(target) => {
                let text = format!("`{name}` has the documents of another package: {target}");
                return Err(Failure::saying(REFUSED, text));
            }
            FoundChangelog::Nothing => {
                return Err(Failure::saying(
                    REFUSED,
                    format_args!("`{name}` contains no changelog"),
                ));
            }
        };
        if context.printer.json() {
            context.printer.value(&text)?;
            continue;
        }
        for line in text.lines() {
            context.printer.line(escaped(line))?;
        }
    }
    Ok(Outcome::Success)
}

/// What a package has where its changelog belongs.
enum FoundChangelog {
    Text(String),
    /// Its folder, or the file, is a link to this.
    Link(String),
    Nothing,
}

/// Reads the changelog out of a package. Source: Debian Policy 12.7.
fn read(deb: &Path, name: &str) -> Result<FoundChangelog, Failure> {
    let failed = |error: io::Error| {
        let message = format!("cannot read `{}`", deb.display());
        Failure::new(REFUSED, anyhow::Error::new(error).context(message))
    };
    let mut search = Search {
        folder: format!("usr/share/doc/{name}"),
        rank: usize::MAX,
        found: FoundChangelog::Nothing,
    };
    let file = BufReader::new(File::open(deb).map_err(failed)?);
    let read = read_with(file, &Limits::for_installing(), &mut search);
    read.map_err(|error| Failure::new(UNVERIFIED, error))?;
    Ok(search.found)
}

/// The names that a changelog may have, the one that counts first.
const NAMES: [(&str, Compression); 4] = [
    ("changelog.Debian.gz", Compression::Gzip),
    ("changelog.Debian", Compression::None),
    ("changelog.gz", Compression::Gzip),
    ("changelog", Compression::None),
];

struct Search {
    folder: String,
    /// Which of the names was found.
    rank: usize,
    found: FoundChangelog,
}

impl DataVisitor for Search {
    fn entry(&mut self, entry: &DataEntry, content: &mut dyn Read) -> io::Result<()> {
        let path = entry.path.as_str();
        let Some(below) = path.and_then(|path| path.strip_prefix(self.folder.as_str())) else {
            return Ok(());
        };
        if let DataKind::Symlink { target } = &entry.kind {
            let is_one = below.is_empty() || NAMES.iter().any(|(name, _)| below == format!("/{name}"));
            if is_one && self.rank == usize::MAX {
                self.found = FoundChangelog::Link(String::from_utf8_lossy(target).into_owned());
            }
            return Ok(());
        }
        let rank = NAMES.iter().position(|(name, _)| below == format!("/{name}"));
        let Some((rank, (_, compression))) = rank.and_then(|rank| Some((rank, NAMES.get(rank)?))) else {
            return Ok(());
        };
        if rank >= self.rank {
            return Ok(());
        }
        let bounds = Bounds::new(&Limits::default(), MAX_CHANGELOG);
        let mut text = Vec::new();
        Decoder::new(*compression, Streams::Package, BufReader::new(content), bounds)?
            .read_to_end(&mut text)?;
        self.found = FoundChangelog::Text(String::from_utf8_lossy(&text).into_owned());
        self.rank = rank;
        Ok(())
    }
}
