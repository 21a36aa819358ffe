//! Installing into the system: dpkg does it, in the order of a plan.
//!
//! What dpkg has is read from its own database. Packages come verified; they are copied to where only root writes and verified
//! there once more, so that whoever owns the cache cannot change them meanwhile. Configuration files, triggers and maintainer
//! scripts are dpkg's business, and its questions go to whoever sits at the terminal.
//!
//! What dpkg was not done with when it was cut off, or when a script failed, does not keep it from other work: dpkg is let go on with
//! it, and whatever stays undone is said.

mod apt_settings;
mod database;
mod error;
mod files;
mod history;
mod history_log;
mod hooks;
mod key;
mod marks;
mod order;
mod run;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use debian_control::digest::DigestReader;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::installed::{InstalledPackage, State};
use history_log::Entry;
use hooks::Hooks;
use order::Step;
use rootless::generation::Held;
use rootless::store::{self, Expected};
use rootless::{Add, Change, PackageKey};

pub use apt_settings::AptSettings;
pub use error::SystemError;
pub use history::{LoggedChange, LoggedPackage};
pub use history_log::Author;
pub use order::Action;

/// A system that dpkg keeps: this machine's, or one in a folder.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self::at(Path::new("/"))
    }
}

impl System {
    /// The system below a folder; dpkg(1) calls it `--root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Returns the folder that it is below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn is_this_machine(&self) -> bool {
        self.root == Path::new("/")
    }

    fn below(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Returns what is installed, with how it came, whether it is held, and how far dpkg came with it.
    ///
    /// # Errors
    /// When dpkg's database cannot be read.
    pub fn installed(&self) -> Result<Vec<InstalledPackage>, SystemError> {
        Ok(database::read(self)?.packages)
    }

    /// Returns the packages of which nothing but configuration files is left.
    ///
    /// # Errors
    /// When dpkg's database cannot be read.
    pub fn leftovers(&self) -> Result<Vec<PackageKey>, SystemError> {
        Ok(database::read(self)?.leftovers)
    }

    /// Returns the packages that dpkg is not done with.
    ///
    /// # Errors
    /// When dpkg's database cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, SystemError> {
        let packages = self.installed()?.into_iter();
        Ok(packages.filter_map(|package| Unfinished::of(&package)).collect())
    }

    /// Returns the paths of a package's files, as dpkg unpacked them; `None` for one that is not installed.
    ///
    /// # Errors
    /// When dpkg's database cannot be read.
    pub fn files_of(
        &self,
        name: &str,
        architecture: Option<&str>,
    ) -> Result<Option<Vec<String>>, SystemError> {
        database::files_of(self, name, architecture)
    }

    /// Returns the changes of the system that apt's log knows, the oldest first.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn history(&self) -> Result<Vec<LoggedChange>, SystemError> {
        history::read(self)
    }

    /// Has dpkg hold packages, or let them change again.
    ///
    /// # Errors
    /// When it is not permitted, or dpkg fails.
    pub fn hold(&self, holds: &[(PackageKey, Held)]) -> Result<(), SystemError> {
        self.check_rights()?;
        let line = |(key, held): &(PackageKey, Held)| {
            let word = match held {
                Held::Held => "hold",
                Held::Free => "install",
            };
            format!("{} {word}\n", order::qualified(key))
        };
        run::set_selections(self, &holds.iter().map(line).collect::<String>())
    }

    /// Returns the architectures besides its own that dpkg may install.
    ///
    /// # Errors
    /// When dpkg's list of them cannot be read.
    pub fn foreign_architectures(&self) -> Result<Vec<String>, SystemError> {
        database::foreign_architectures(self)
    }

    /// Checks that whoever asks may change it.
    ///
    /// # Errors
    /// When it is this machine's and they are not root.
    pub fn check_rights(&self) -> Result<(), SystemError> {
        if self.is_this_machine() && !rustix::process::geteuid().is_root() {
            return Err(SystemError::NotRoot);
        }
        Ok(())
    }

    /// Makes a change, by the steps of its plan. `waiting` is called once when another
    /// program has dpkg's lock. What wants to end it meanwhile waits until nothing is half done. Returns the packages that dpkg
    /// was not done with before and is not now.
    ///
    /// # Errors
    /// When it is not permitted, a package is not what was verified, or dpkg fails: what it did until then stands, and
    /// [`configure`](Self::configure) goes on.
    pub fn apply(
        &self,
        change: &Change,
        actions: &[Action],
        author: &Author<'_>,
        waiting: impl FnOnce(),
    ) -> Result<Vec<Unfinished>, SystemError> {
        self.check_rights()?;
        let _lock = self.lock(waiting)?;
        let folder = self.below("var/cache/cpkgs");
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        made.map_err(|source| SystemError::file(&folder, source))?;
        // Only its owner may so much as look into it.
        let own = tempfile::tempdir_in(&folder).map_err(|source| SystemError::file(&folder, source))?;
        let files = change
            .add
            .iter()
            .map(|add| verified_copy(add, own.path()))
            .collect::<Result<Vec<_>, _>>()?;
        let before = self.installed()?;
        let stop = Stop::catch().map_err(SystemError::Signals)?;
        let hooks = Hooks::read(self)?;
        hooks.run("DPkg::Pre-Invoke")?;
        hooks.announce(change, &files, &before)?;
        let entry = Entry::begin(self, author, change, &before)?;
        let outcome = self.take_steps(change, actions, &files, &stop);
        entry.end(&outcome);
        let forgotten = self
            .installed()
            .and_then(|installed| marks::forget_absent(self, change, &installed));
        // What dpkg did stands, whatever becomes of this.
        let after = hooks.run("DPkg::Post-Invoke");
        let unfinished = outcome?;
        forgotten?;
        after?;
        match stop.was_asked() {
            true => Err(SystemError::StoppedAtEnd),
            false => Ok(unfinished),
        }
    }

    fn take_steps(
        &self,
        change: &Change,
        actions: &[Action],
        files: &[PathBuf],
        stop: &Stop,
    ) -> Result<Vec<Unfinished>, SystemError> {
        let before = self.unfinished()?;
        let steps = order::steps(change, actions, files)?;
        // Before dpkg runs: should it fail halfway, what came by itself is known as that.
        marks::write(self, change)?;
        for (number, step) in steps.iter().enumerate() {
            self.take_step(step, change, &before)?;
            if stop.was_asked() && self.may_stop_after(step, &before)? {
                let remaining = steps.iter().skip(number + 1);
                let mut remaining: Vec<String> =
                    remaining.flat_map(|step| step.packages(change, files)).collect();
                // What goes for a moment comes back.
                let mut known = BTreeSet::new();
                remaining.retain(|name| known.insert(name.clone()));
                // Where nothing comes or goes any more, the plan is as good as done.
                if !remaining.is_empty() {
                    return Err(SystemError::Stopped { remaining });
                }
            }
        }
        self.unfinished()
    }

    fn take_step(&self, step: &Step, change: &Change, before: &[Unfinished]) -> Result<(), SystemError> {
        let status = run::dpkg(self, step)?;
        if status.success() {
            return Ok(());
        }
        // A package that failed before fails again; that is not this change's fault.
        let unfinished = self.unfinished()?;
        let is_new = |one: &Unfinished| !before.iter().any(|old| old.key == one.key);
        let is_named = |one: &Unfinished| change.add.iter().any(|add| is_of(add, &one.key));
        let is_of_this = unfinished.is_empty() || unfinished.iter().any(|one| is_new(one) || is_named(one));
        if *step == Step::Configure && !is_of_this {
            return Ok(());
        }
        if matches!(step, Step::Unpack(_) | Step::ConfigureNamed(_)) {
            // What came before the one that failed need not wait for it.
            run::dpkg(self, &Step::Configure)?;
        }
        Err(SystemError::Failed {
            action: step.action(),
            status,
            unfinished: self.unfinished()?,
        })
    }

    /// Says whether nothing is half done after a step, but for what was so before.
    fn may_stop_after(&self, step: &Step, before: &[Unfinished]) -> Result<bool, SystemError> {
        Ok(match step {
            Step::Configure => true,
            Step::ConfigureNamed(_) => self.unfinished()?.iter().all(|one| before.contains(one)),
            Step::Remove(..) | Step::GiveWay(_) | Step::Unpack(_) => false,
        })
    }

    /// Lets dpkg go on with what it was not done with; returns what it is still not done with.
    ///
    /// # Errors
    /// When it is not permitted, or dpkg cannot be started.
    pub fn configure(&self, waiting: impl FnOnce()) -> Result<Vec<Unfinished>, SystemError> {
        self.check_rights()?;
        let _lock = self.lock(waiting)?;
        let _stop = Stop::catch().map_err(SystemError::Signals)?;
        if !self.unfinished()?.is_empty() {
            // What it could not do is told by what it leaves.
            run::dpkg(self, &Step::Configure)?;
        }
        self.unfinished()
    }

    /// Takes the lock that apt and dpkg take, and waits for it. Source: dpkg's frontend specification.
    fn lock(&self, waiting: impl FnOnce()) -> Result<File, SystemError> {
        let path = self.below("var/lib/dpkg/lock-frontend");
        let failed = |source| SystemError::file(&path, source);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o640)
            .open(&path)
            .map_err(failed)?;
        if fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            waiting();
            fcntl_lock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        }
        Ok(file)
    }
}

/// A package that dpkg is not done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Which one.
    pub key: PackageKey,
    /// Its version.
    pub version: String,
    /// How far dpkg came.
    pub state: State,
    /// Whether the system cannot do without it: `Essential`, `Protected` or apt's `Important` says so.
    pub is_essential: bool,
}

impl Unfinished {
    fn of(package: &InstalledPackage) -> Option<Self> {
        (package.state != State::Installed).then(|| Self {
            key: key::of(&package.name, &package.architecture),
            version: package.version.clone(),
            state: package.state.clone(),
            is_essential: Stanza::of_index(&package.stanza).is_ok_and(|stanza| {
                let mut fields = ["Essential", "Protected", "Important"].into_iter();
                fields.any(|field| stanza.line(field) == Some("yes"))
            }),
        })
    }

    /// Says whether it has to be unpacked again.
    pub fn is_damaged(&self) -> bool {
        matches!(self.state, State::Damaged(_))
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = escaped(&self.key.name);
        match &self.state {
            State::Installed => write!(formatter, "`{name}` is installed"),
            State::Damaged(word) if word == "installed" => {
                write!(formatter, "`{name}` has to be unpacked again")
            }
            State::Unconfigured(word) | State::Damaged(word) => {
                write!(formatter, "`{name}` is {}", escaped(word))
            }
        }
    }
}

/// What notices that somebody wants the program to end, and lets it go on for now.
struct Stop {
    asked: Arc<AtomicBool>,
    signals: Vec<SigId>,
}

impl Stop {
    fn catch() -> io::Result<Self> {
        let mut stop = Self {
            asked: Arc::default(),
            signals: Vec::new(),
        };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            stop.signals
                .push(flag::register(signal, Arc::clone(&stop.asked))?);
        }
        Ok(stop)
    }

    fn was_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        for signal in self.signals.drain(..) {
            signal_hook::low_level::unregister(signal);
        }
    }
}

/// Says whether a package that comes is the one with a key.
fn is_of(add: &Add, key: &PackageKey) -> bool {
    add.key().is_some_and(|added| {
        key::of(&added.name, &added.architecture) == key::of(&key.name, &key.architecture)
    })
}

/// Returns the name under which dpkg speaks of a package, with its epoch as apt writes it. Source: Debian Policy 5.6.1, 5.6.8 and 5.6.12.
fn file_name(stanza: &Stanza<'_>) -> String {
    let [name, version, architecture] =
        ["Package", "Version", "Architecture"].map(|field| stanza.line(field).unwrap_or_default());
    let name = format!("{name}_{version}_{architecture}.deb");
    // None of the three has a slash in what was verified.
    name.replace(':', "%3a").replace('/', "%2f")
}

/// Copies a package into a folder where nobody else writes, and holds what was copied against its digest.
fn verified_copy(add: &Add, folder: &Path) -> Result<PathBuf, SystemError> {
    let failed = |source| SystemError::file(&add.deb, source);
    let stanza = Stanza::of_index(&add.stanza).map_err(|error| SystemError::Database {
        path: add.deb.clone(),
        why: error.to_string(),
    })?;
    let to = &folder.join(file_name(&stanza));
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(&add.deb)
        .map_err(failed)?;
    let mut reader = DigestReader::sha256(file);
    let mut copy = File::create_new(to).map_err(|source| SystemError::file(to, source))?;
    io::copy(&mut reader, &mut copy).map_err(failed)?;
    if reader.finish().sha256 != add.sha256 {
        return Err(SystemError::Changed {
            path: add.deb.clone(),
        });
    }
    // What dpkg gets is the package that was agreed to, whatever its name was in the index.
    store::examine(to, &Expected::of(&stanza, add.sha256)).map_err(SystemError::Package)?;
    Ok(to.to_owned())
}
