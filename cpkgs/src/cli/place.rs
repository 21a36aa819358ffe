//! Where packages are installed: in a folder of one's own, or in the system.

use std::path::PathBuf;

use clap::Args;
use cpkgs::config::Base;
use cpkgs::generation::Held;
use cpkgs::library::Library;
use cpkgs::local::LocalDeb;
use cpkgs::lock::Lock;
use cpkgs::rootless::{self, Change};
use cpkgs::scene::{Present, Scene};
use cpkgs::system::{System, SystemPackage};
use debian_formats::stanza::Stanza;
use resolver::request::{Hold, Mark};

use super::failure::{Failure, REFUSED};
use super::stage::{Run, present};
use super::{Context, applied};

/// Where packages are installed.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// Into the system, by dpkg, instead of install_dir; needs root.
    #[arg(long)]
    system: bool,
    /// Into the system below this folder, as dpkg's --root has it.
    #[arg(long, value_name = "DIR", requires = "system")]
    dpkg_root: Option<PathBuf>,
}

/// Where packages are installed, and nobody else changes them meanwhile.
pub(super) enum Place {
    /// A folder of one's own.
    Own {
        folder: PathBuf,
        base: Base,
        /// None where nothing is to change.
        _lock: Option<Lock>,
    },
    /// A system; dpkg's lock is taken when it changes.
    System(System),
}

impl Context {
    /// Returns where packages are installed.
    pub(super) fn place(&mut self, args: &PlaceArgs, run: Run) -> Result<Place, Failure> {
        if !args.system {
            let folder = self.config.install(&self.home);
            let _lock = match run {
                Run::Real => Some(self.lock(&folder)?),
                Run::Dry => None,
            };
            let base = self.config.base();
            return Ok(Place::Own { folder, base, _lock });
        }
        let system = match &args.dpkg_root {
            Some(folder) => System::at(folder),
            None => System::default(),
        };
        if run == Run::Real {
            // Better now than after everything was downloaded.
            system.check_rights()?;
        }
        Ok(Place::System(system))
    }
}

impl Place {
    /// Sets up what a request is decided on.
    pub(super) fn scene<'l>(&self, library: &'l Library, files: Vec<LocalDeb>) -> Result<Scene<'l>, Failure> {
        match self {
            Self::Own { folder, base, .. } => {
                let mut own = present(folder)?;
                if *base == Base::Host {
                    add_host(&mut own)?;
                }
                let mut scene = Scene::new(library, &own, files)?;
                // Beside a system, no package holds it up.
                scene.universe.forget_essential();
                Ok(scene)
            }
            Self::System(system) => {
                let installed = system.installed()?;
                let present = installed.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
                Ok(Scene::new(library, &present, files)?)
            }
        }
    }

    /// Carries a change out.
    pub(super) fn apply(&self, change: Change, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Own { folder, base, .. } => {
                let mut done = rootless::apply(folder, change)?;
                if *base == Base::Host {
                    // The host has them.
                    done.notes.missing.clear();
                }
                applied::tell(&done, folder, context);
            }
            Self::System(system) => {
                let printer = &mut context.printer;
                system.apply(&change, || {
                    printer.tell("waiting for another program that has dpkg's lock");
                })?;
            }
        }
        Ok(())
    }
}

/// Adds what the host's dpkg has, where nothing of that name is installed here. It stays as it is: nobody here may change it.
fn add_host(own: &mut Vec<Present>) -> Result<(), Failure> {
    for package in System::default().installed()? {
        let host = Present {
            mark: Mark::Manual,
            hold: Hold::Held,
            ..known(package)?
        };
        if !own.iter().any(|present| present.name == host.name) {
            own.push(host);
        }
    }
    Ok(())
}

/// Returns a package of dpkg's as the resolver's request wants it.
fn known(package: SystemPackage) -> Result<Present, Failure> {
    let stanza = Stanza::parse(&package.stanza).map_err(|error| Failure::new(REFUSED, error))?;
    let text = |name| stanza.line(name).unwrap_or_default().to_owned();
    Ok(Present {
        name: text("Package"),
        version: text("Version"),
        architecture: text("Architecture"),
        mark: if package.automatic {
            Mark::Automatic
        } else {
            Mark::Manual
        },
        hold: match package.held {
            Held::Held => Hold::Held,
            Held::Free => Hold::Free,
        },
        stanza: package.stanza.clone(),
    })
}
