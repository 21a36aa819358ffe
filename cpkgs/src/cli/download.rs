//! `cpkgs download`.

use std::fs;

use clap::Args;
use cpkgs::scene::Scene;
use cpkgs::spec::Named;
use debian_formats::stanza::Stanza;
use debian_formats::terminal::escaped;
use resolver::request::Target;
use resolver::universe::PackageId;

use super::failure::{Failure, REFUSED, UNVERIFIED, USAGE};
use super::stage::{download, refused};
use super::{Context, Done};

/// Fetches packages, verified, into the working directory.
#[derive(Debug, Args)]
pub(super) struct DownloadArgs {
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
}

pub(super) fn run(args: &DownloadArgs, context: &mut Context) -> Result<Done, Failure> {
    let library = context.library()?;
    let scene = Scene::new(&library, &[], Vec::new())?;
    let packages = args
        .packages
        .iter()
        .map(|text| meant(text, &scene))
        .collect::<Result<Vec<_>, _>>()?;
    for (package, deb) in packages.iter().zip(download(&scene, &packages, context)?) {
        let text = scene.stanza(*package)?;
        let name = file_name(&text).ok_or_else(|| {
            Failure::saying(
                UNVERIFIED,
                format_args!(
                    "`{}` has no name that a file can have",
                    scene.universe.name(*package)
                ),
            )
        })?;
        fs::copy(&deb.path, &name).map_err(|error| {
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
    Ok(Done::Well)
}

/// Returns the package that a text means: the best one of its name.
fn meant(text: &str, scene: &Scene<'_>) -> Result<PackageId, Failure> {
    let named = Named::parse(text).map_err(|error| Failure::saying(USAGE, error))?;
    let universe = &scene.universe;
    let found = match scene.target(&named) {
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
        refused(refusal, scene, &[&named.name])
    })
}

/// Returns the last part of `Filename`, when that is a plain name of a file.
fn file_name(text: &str) -> Option<String> {
    let stanza = Stanza::parse(text).ok()?;
    let name = stanza.line("Filename")?.rsplit('/').next()?.to_owned();
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(char::is_control);
    is_plain.then_some(name)
}
