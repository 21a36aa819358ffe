//! Where packages are installed: in a folder of one's own, or in the system.

use std::path::{Path, PathBuf};

use apt_client::lists::Index;
use apt_client::lock::Lock;
use apt_client::package_cache::PackageCache;
use clap::Args;
use cpkgs::config::Base;
use cpkgs::installed::{self, InstalledPackage};
use cpkgs::local::LocalDeb;
use cpkgs::preferences::Preferences;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use cpkgs::system::{Action, AptSettings, Author, System, Unfinished};
use debian_control::terminal::escaped;
use resolver::request::{Hold, Mark};
use rootless::generation::{Generations, Held, Programs};
use rootless::{Change, PackageKey};

use super::architectures::Architectures;
use super::failure::{Failure, REFUSED};
use super::human_size::counted;
use super::progress::UnpackBar;
use super::target_release::ReleaseArgs;
use super::{Context, Outcome, now, report};

/// The release that apt prefers where none is named. Source: apt_preferences(5).
const DEFAULT_RELEASE: &str = "APT::Default-Release";

/// Where packages are installed.
#[derive(Debug, Args)]
pub(super) struct InstallTargetArgs {
    /// Act on the system, through dpkg, instead of install_dir; changes need root.
    #[arg(long)]
    system: bool,
    /// Act on the system below this folder, like dpkg's --root.
    #[arg(long, value_name = "DIR", requires = "system")]
    dpkg_root: Option<PathBuf>,
}

impl InstallTargetArgs {
    /// Says whether the system is meant.
    pub(super) fn is_system(&self) -> bool {
        self.system
    }

    /// Returns the system that would be changed: this machine's, or the one below `--dpkg-root`.
    pub(super) fn system(&self) -> System {
        match &self.dpkg_root {
            Some(folder) => System::at(folder),
            None => System::default(),
        }
    }
}

/// Where packages are installed, and nobody else changes them meanwhile.
pub(super) enum InstallTarget {
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

/// Whether a plan is only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// It is shown.
    Dry,
    /// What comes is downloaded, and no more.
    DownloadOnly,
    /// It is carried out.
    Real,
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
    pub(super) fn install_target(
        &mut self,
        args: &InstallTargetArgs,
        run: Run,
    ) -> Result<InstallTarget, Failure> {
        if !args.system {
            let folder = self.config.install(&self.home);
            let _lock = match run {
                Run::Real => {
                    // Better now than after everything was downloaded.
                    Generations::new(&folder).check_place()?;
                    Some(self.lock(&folder)?)
                }
                Run::Dry | Run::DownloadOnly => None,
            };
            let base = self.config.base();
            return Ok(InstallTarget::Own { folder, base, _lock });
        }
        let system = args.system();
        if run == Run::Real {
            // Better now than after everything was downloaded.
            system.check_rights()?;
        }
        Ok(InstallTarget::System(system))
    }
}

impl InstallTarget {
    /// Returns the root of the machine that is changed.
    pub(super) fn root(&self) -> &Path {
        match self {
            Self::Own { .. } => Path::new("/"),
            Self::System(system) => system.root(),
        }
    }

    /// Returns what commands that are hinted at need to mean the same, with a blank before it.
    pub(super) fn option(&self) -> &'static str {
        match self {
            Self::Own { .. } => "",
            Self::System(_) => " --system",
        }
    }

    /// Returns the folder that what is installed is below.
    pub(super) fn place(&self) -> &Path {
        match self {
            Self::Own { folder, .. } => folder,
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

    /// Returns whose programs are to be in `bin`, where that is not so already.
    pub(super) fn new_programs(&self, wanted: Option<Programs>) -> Result<Option<Programs>, Failure> {
        match self {
            Self::Own { folder, .. } => {
                let current = Generations::new(folder).current_plan()?.programs;
                Ok(wanted.filter(|wanted| *wanted != current))
            }
            Self::System(_) => Ok(None),
        }
    }

    /// Returns the packages of which nothing but configuration files is left.
    pub(super) fn leftovers(&self, named: &Named) -> Result<Vec<PackageKey>, Failure> {
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
        found.retain(|key| key.name == named.name && of(&key.architecture));
        Ok(found)
    }

    /// Returns what is installed.
    pub(super) fn installed(&self) -> Result<Vec<InstalledPackage>, Failure> {
        match self {
            Self::Own { folder, .. } => Ok(installed::read(folder)?),
            Self::System(system) => Ok(system.installed()?),
        }
    }

    /// Returns the files of a package, where it is installed.
    pub(super) fn files_of(&self, named: &Named) -> Result<Option<Vec<String>>, Failure> {
        match self {
            Self::Own { folder, .. } => Ok(Generations::new(folder).files_of(&named.name)?),
            Self::System(system) => Ok(system.files_of(&named.name, named.architecture.as_deref())?),
        }
    }

    /// Holds packages, or lets them change again.
    pub(super) fn hold(
        &self,
        holds: Vec<(PackageKey, Held)>,
        command: String,
        context: &mut Context,
    ) -> Result<(), Failure> {
        match self {
            Self::Own { folder, .. } => {
                let change = Change {
                    holds,
                    command,
                    time: now(),
                    launcher: std::env::current_exe().ok(),
                    ..Change::default()
                };
                let applied = rootless::apply(folder, change)?;
                context.report_kept(folder, &applied.kept);
                Ok(())
            }
            Self::System(system) => Ok(system.hold(&holds)?),
        }
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
                Ok(system.configure(|| printer.info(WAITING))?)
            }
        }
    }

    /// Sets up what a request is decided on.
    pub(super) fn resolver_input<'l>(
        &self,
        library: &'l PackageCache,
        files: Vec<LocalDeb>,
        context: &Context,
    ) -> Result<ResolverInput<'l>, Failure> {
        self.resolver_input_of(&ReleaseArgs::default(), library, files, context)
    }

    /// Sets up what a request is decided on that prefers a release.
    pub(super) fn resolver_input_of<'l>(
        &self,
        release: &ReleaseArgs,
        library: &'l PackageCache,
        files: Vec<LocalDeb>,
        context: &Context,
    ) -> Result<ResolverInput<'l>, Failure> {
        let preferences = self.preferences(release, &library.lists().indexes, context)?;
        self.resolver_input_with(&preferences, library, files)
    }

    /// Returns what the administrator of a system prefers; without root, the sources say it all. A release that is named comes in
    /// place of the one that apt's configuration prefers.
    pub(super) fn preferences(
        &self,
        release: &ReleaseArgs,
        indexes: &[Index],
        context: &Context,
    ) -> Result<Preferences, Failure> {
        let mut preferences = match self {
            Self::Own { .. } => Preferences::default(),
            Self::System(system) => {
                Preferences::read(system.root()).map_err(|error| Failure::new(REFUSED, error))?
            }
        };
        for ignored in &preferences.ignored {
            context.printer.warning(escaped(ignored));
        }
        let settings = self.apt_settings()?;
        if let Some(default) = settings.value(DEFAULT_RELEASE)
            && !release.is_named()
        {
            let warn = |why: &str| {
                let text = format!("`{DEFAULT_RELEASE}` of apt's configuration is ignored: {why}");
                context.printer.warning(escaped(&text));
            };
            match preferences.prefer_release(default, indexes) {
                Ok(true) => {}
                Ok(false) => warn(&format!("no source has a suite `{default}`")),
                Err(why) => warn(&why),
            }
        }
        release.apply(&mut preferences, indexes)?;
        Ok(preferences)
    }

    /// Returns what the system's apt is configured to; without root, that has no say.
    pub(super) fn apt_settings(&self) -> Result<AptSettings, Failure> {
        match self {
            Self::Own { .. } => Ok(AptSettings::default()),
            Self::System(system) => Ok(AptSettings::read(system)?),
        }
    }

    /// Sets up what a request is decided on, with what is preferred.
    pub(super) fn resolver_input_with<'l>(
        &self,
        preferences: &Preferences,
        library: &'l PackageCache,
        files: Vec<LocalDeb>,
    ) -> Result<ResolverInput<'l>, Failure> {
        let mut input = self.without_preferences(library, files)?;
        input.prefer(preferences);
        Ok(input)
    }

    fn without_preferences<'l>(
        &self,
        library: &'l PackageCache,
        files: Vec<LocalDeb>,
    ) -> Result<ResolverInput<'l>, Failure> {
        match self {
            Self::Own { folder, base, .. } => {
                let mut own = installed::read(folder)?;
                if *base == Base::Host {
                    add_host(&mut own)?;
                }
                let mut input = ResolverInput::new(library, &own, files)?;
                // Beside a system, no package holds it up.
                input.universe.forget_essential(input.universe.packages());
                Ok(input)
            }
            Self::System(system) => Ok(ResolverInput::new(library, &system.installed()?, files)?.of(system)),
        }
    }

    /// Carries a change out, a system's by the steps of its plan.
    pub(super) fn apply(
        &self,
        mut change: Change,
        actions: &[Action],
        context: &mut Context,
    ) -> Result<Outcome, Failure> {
        match self {
            Self::Own { folder, base, .. } => {
                let shown = context.unpack_bar(&mut change);
                let applied = rootless::apply(folder, change);
                drop(shown);
                let mut done = applied?;
                if *base == Base::Host {
                    // The host has them.
                    done.notes.missing.clear();
                }
                report::report(&done, folder, context);
                Ok(Outcome::Success)
            }
            Self::System(system) => {
                let printer = &mut context.printer;
                let author = author();
                let unfinished = system.apply(&change, actions, &author, || printer.info(WAITING))?;
                Ok(context.report_unfinished(&unfinished))
            }
        }
    }
}

/// Returns who changes a system: sudo says who became root.
fn author() -> Author<'static> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let variable = |name| std::env::var(name).ok();
    Author {
        command_line: words.collect::<Vec<_>>().join(" "),
        requested_by: variable("SUDO_USER")
            .zip(variable("SUDO_UID"))
            .map(|(name, number)| format!("{name} ({number})")),
        clock: &|| jiff::Zoned::now().strftime("%Y-%m-%d  %H:%M:%S").to_string(),
    }
}

const WAITING: &str = "waiting for another program that has dpkg's lock";

impl Context {
    /// Shows how far the packages of a change are unpacked, as long as the value lives; where no terminal shows progress, says how
    /// many there are.
    pub(super) fn unpack_bar(&mut self, change: &mut Change) -> Option<UnpackBar> {
        let count = change.add.len();
        if count == 0 {
            return None;
        }
        if self.printer.shows_progress() {
            let bar = UnpackBar::new(count);
            change.listener = bar.listener();
            return Some(bar);
        }
        self.printer
            .info(format_args!("unpacking {}", counted(count, "package")));
        None
    }

    /// Says which packages dpkg is not done with, and what helps. As apt-get, a command that leaves some has failed, whatever it did.
    pub(super) fn report_unfinished(&mut self, unfinished: &[Unfinished]) -> Outcome {
        for one in unfinished {
            self.printer
                .error_line(format_args!("{one}; `cpkgs repair --system` continues it"));
        }
        match unfinished {
            [] => Outcome::Success,
            _ => Outcome::Broken,
        }
    }
}

/// Adds what the host's dpkg has, where nothing of that name is installed here. It stays as it is: nobody here may change it.
fn add_host(own: &mut Vec<InstalledPackage>) -> Result<(), Failure> {
    for package in System::default().installed()? {
        if !own.iter().any(|present| present.name == package.name) {
            own.push(InstalledPackage {
                mark: Mark::Manual,
                hold: Hold::Fixed,
                ..package
            });
        }
    }
    Ok(())
}
