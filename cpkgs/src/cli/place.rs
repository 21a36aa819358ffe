//! Where packages are installed: in a folder of one's own, or in the system.

use std::path::{Path, PathBuf};

use apt_client::lock::Lock;
use apt_client::package_cache::PackageCache;
use clap::Args;
use cpkgs::config::Base;
use cpkgs::generation::Held;
use cpkgs::local::LocalDeb;
use cpkgs::rootless::{self, Change, Slot};
use cpkgs::scene::{Condition, Present, Scene};
use cpkgs::spec::Named;
use cpkgs::system::{State, System, SystemPackage, Unfinished};
use debian_control::stanza::Stanza;
use resolver::request::{Hold, Mark};

use super::architectures::Architectures;
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

impl PlaceArgs {
    /// Says whether the system is meant.
    pub(super) fn is_system(&self) -> bool {
        self.system
    }

    /// Returns the system that would be changed: this machine's, or the one below `--dpkg-root`.
    fn system(&self) -> System {
        match &self.dpkg_root {
            Some(folder) => System::at(folder),
            None => System::default(),
        }
    }
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

/// Which library is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexes {
    /// There have to be some.
    Needed,
    /// It goes without.
    IfAny,
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
        let system = args.system();
        if run == Run::Real {
            // Better now than after everything was downloaded.
            system.check_rights()?;
        }
        Ok(Place::System(system))
    }
}

impl Place {
    /// Returns the root of the machine that is changed.
    pub(super) fn root(&self) -> &Path {
        match self {
            Self::Own { .. } => Path::new("/"),
            Self::System(system) => system.root(),
        }
    }

    /// Opens the packages of the sources that can be installed here: a system takes those of the architectures that its dpkg
    /// knows, whatever a source has besides.
    pub(super) fn library(&self, indexes: Indexes, context: &Context) -> Result<PackageCache, Failure> {
        let architectures = match self {
            Self::Own { .. } => Architectures::own(&context.config),
            Self::System(system) => Architectures::of(system)?,
        };
        context.library_of(indexes, &architectures)
    }

    /// Returns the packages of which nothing but configuration files is left.
    pub(super) fn leftovers(&self, named: &Named) -> Result<Vec<Slot>, Failure> {
        let mut found = match self {
            Self::Own { folder, .. } => rootless::leftovers(folder, &named.name)?,
            Self::System(system) => system.leftovers()?,
        };
        let of = |architecture: &str| {
            named
                .architecture
                .as_deref()
                .is_none_or(|wanted| wanted == architecture)
        };
        found.retain(|slot| slot.name == named.name && of(&slot.architecture));
        Ok(found)
    }

    /// Returns the packages that dpkg is not done with.
    pub(super) fn unfinished(&self) -> Result<Vec<Unfinished>, Failure> {
        match self {
            Self::Own { .. } => Ok(Vec::new()),
            Self::System(system) => Ok(system.unfinished()?),
        }
    }

    /// Lets dpkg go on with what it was not done with; returns what it is still not done with.
    pub(super) fn configure(&self, context: &mut Context) -> Result<Vec<Unfinished>, Failure> {
        match self {
            Self::Own { .. } => Ok(Vec::new()),
            Self::System(system) => {
                let printer = &mut context.printer;
                Ok(system.configure(|| printer.tell(WAITING))?)
            }
        }
    }

    /// Sets up what a request is decided on.
    pub(super) fn scene<'l>(
        &self,
        library: &'l PackageCache,
        files: Vec<LocalDeb>,
    ) -> Result<Scene<'l>, Failure> {
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
                let unfinished = system.apply(&change, || printer.tell(WAITING))?;
                context.warn_unfinished(&unfinished);
            }
        }
        Ok(())
    }
}

const WAITING: &str = "waiting for another program that has dpkg's lock";

impl Context {
    /// Says which packages dpkg is not done with, and what helps.
    pub(super) fn warn_unfinished(&mut self, unfinished: &[Unfinished]) {
        for one in unfinished {
            self.printer
                .warn(format_args!("{one}; `cpkgs repair --system` goes on with it"));
        }
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
        condition: match package.state {
            State::Damaged(_) => Condition::Damaged,
            State::Installed | State::Unconfigured(_) => Condition::Whole,
        },
        stanza: package.stanza.clone(),
    })
}
