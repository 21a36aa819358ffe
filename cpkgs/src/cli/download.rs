//! `cpkgs download`.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use resolver::request::Target;
use resolver::universe::{PackageId, Universe};
use rootless::store::{self, Expected};

use super::candidates;
use super::failure::{Failure, REFUSED, UNVERIFIED, USAGE};
use super::fetch_debs::download;
use super::refusal::refused;
use super::{Context, Outcome};

/// Download packages, verified, into the working directory.
#[derive(Debug, Args)]
pub(super) struct DownloadArgs {
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    packages: Vec<String>,
}

pub(super) fn run(args: &DownloadArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let library = context.library()?;
    let input = ResolverInput::new(&library, &[], Vec::new())?;
    let packages = args
        .packages
        .iter()
        .map(|text| matching(text, &input))
        .collect::<Result<Vec<_>, _>>()?;
    for (package, deb) in packages.iter().zip(download(&input, &packages, context)?) {
        let text = input.stanza(*package)?;
        let stanza = Stanza::of_index(&text).map_err(|error| Failure::new(UNVERIFIED, error))?;
        store::examine(&deb.path, &Expected::of(&stanza, deb.sha256))?;
        let name = file_name(&input.universe, *package);
        put(&deb.path, Path::new(&name)).map_err(|error| {
            Failure::new(
                REFUSED,
                anyhow::Error::new(error).context(format!("cannot write `{name}`")),
            )
        })?;
        if context.printer.json() {
            context.printer.value(&name)?;
        } else {
            context.printer.line(escaped(&name))?;
        }
    }
    Ok(Outcome::Success)
}

/// Returns the package that a text means: the best one of its name.
pub(super) fn matching(text: &str, input: &ResolverInput<'_>) -> Result<PackageId, Failure> {
    let named = Named::parse(text).map_err(|error| Failure::saying(USAGE, error))?;
    let universe = &input.universe;
    let found = match input.target(&named) {
        Target::OneOf { packages, .. } => packages.first().copied(),
        Target::Named {
            name, architecture, ..
        } => {
            let mut versions = universe.versions_of(&name).iter().copied();
            versions.find(|package| {
                let own = universe.architecture(*package);
                architecture
                    .as_deref()
                    .is_none_or(|wanted| own == wanted || own == "all")
            })
        }
    };
    found.ok_or_else(|| {
        let refusal = resolver::refusal::Refusal {
            kind: resolver::refusal::RefusalKind::Unknown,
            summary: format!("there is no package `{text}`"),
            reasons: Vec::new(),
            hints: Vec::new(),
        };
        refused(refusal, input, &[&named.name])
    })
}

/// Returns what the file of a package is called: as `apt download` calls it, whatever the archive does.
fn file_name(universe: &Universe, package: PackageId) -> String {
    let version = universe.version(package).replace(':', "%3a");
    format!(
        "{}_{version}_{}.deb",
        universe.name(package),
        universe.architecture(package)
    )
}

/// Copies a file into the working directory under a name, in the place of whatever has that name: not through a link of it.
pub(super) fn put(from: &Path, name: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(".")?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.persist(name)?;
    Ok(())
}
