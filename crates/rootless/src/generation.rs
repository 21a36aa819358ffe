//! Generations: `gen/<n>`, numbered states of what is installed. Each is a whole tree, made beside the others of names for
//! the files in the store, and never changed once it has its number. `current` says which one counts.

mod alternatives;
mod build;
mod database;
mod difference;
mod error;
mod exposed;
mod generators;
mod install_folder;
mod libraries;
mod notes;
mod own_paths;
mod package;
mod pattern;
mod plan;
mod postinst;
mod rewritten;
mod scripts;
mod shims;
mod sources;
mod tree;

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use debian_control::digest::sha256;

use crate::overlay;

pub use self::build::{BuildOptions, Purpose, build};
pub use self::error::GenerationError;
pub use self::notes::Notes;
pub use self::plan::{Difference, Held, PackageRecord, Plan, Programs, Provenance};
pub use self::rewritten::ORIGINALS;
pub use self::shims::PROGRAMS;
pub(crate) use shims::fonts;

/// How the folders of generations that are not whole are called.
const UNFINISHED: &str = ".unfinished-";
/// How those without a number begin.
const EPHEMERAL: &str = "run-";

/// The generations of an install folder.
#[derive(Debug, Clone)]
pub struct Generations {
    install: PathBuf,
}

impl Generations {
    /// Opens the generations of an install folder; there need not be any.
    pub fn new(install: &Path) -> Self {
        Self {
            install: install.to_owned(),
        }
    }

    /// Returns the folder of one: `root/` with the tree, `bin/` with the programs that were asked for,
    /// `programs/` with all of them, `dpkg/` for dpkg-query's `--admindir`.
    pub fn path(&self, number: u64) -> PathBuf {
        self.install.join("gen").join(number.to_string())
    }

    /// Returns the folder of the generation that a plan describes. An ephemeral one is named after its packages, so that the
    /// next command with the same packages finds it.
    pub fn place(&self, plan: &Plan, purpose: Purpose) -> PathBuf {
        match purpose {
            Purpose::Numbered => self.path(plan.number),
            Purpose::Ephemeral => {
                let keys: Vec<&str> = plan.packages.iter().map(|package| &*package.store).collect();
                let digest = sha256(keys.join("\n").as_bytes()).to_string();
                let short = digest.get(..16).unwrap_or(&digest);
                self.install.join("gen").join(format!("{EPHEMERAL}{short}"))
            }
        }
    }

    /// Removes the generations that commands were run with. Only for who holds the lock.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn remove_ephemeral(&self) -> Result<usize, GenerationError> {
        self.remove_named(&self.install.join("gen"), EPHEMERAL)
    }

    /// Returns the number of the one that counts; `None` before the first.
    ///
    /// # Errors
    ///
    /// When `current` is not as it was made.
    pub fn current(&self) -> Result<Option<u64>, GenerationError> {
        let link = self.install.join("current");
        let target = match fs::read_link(&link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            target => target.map_err(|source| GenerationError::io(&link, source))?,
        };
        let number = target.file_name().and_then(|name| name.to_str()?.parse().ok());
        number
            .map(Some)
            .ok_or_else(|| GenerationError::io(&link, io::Error::other("it leads to no generation")))
    }

    /// Returns the numbers of all that there are, in order.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn all(&self) -> Result<Vec<u64>, GenerationError> {
        let folder = self.install.join("gen");
        let failed = |source| GenerationError::io(&folder, source);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Reads what a generation holds, and why.
    ///
    /// # Errors
    ///
    /// When it is not there or not as it was written.
    pub fn plan(&self, number: u64) -> Result<Plan, GenerationError> {
        let path = self.path(number).join("plan.json");
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(GenerationError::Unknown { number });
            }
            text => text.map_err(|source| GenerationError::io(&path, source))?,
        };
        serde_json::from_slice(&text).map_err(|source| GenerationError::io(&path, source.into()))
    }

    /// Reads what the generation that counts holds; an empty plan before the first.
    ///
    /// # Errors
    ///
    /// As [`Generations::plan`].
    pub fn current_plan(&self) -> Result<Plan, GenerationError> {
        match self.current()? {
            Some(number) => self.plan(number),
            None => Ok(Plan::default()),
        }
    }

    /// Returns how the packages of a generation differ from those of its parent, also where the parent is gone.
    ///
    /// # Errors
    ///
    /// As [`Generations::plan`].
    pub fn difference(&self, plan: &Plan) -> Result<Difference, GenerationError> {
        if let Some(recorded) = &plan.difference {
            return Ok(recorded.clone());
        }
        // Older versions recorded none.
        match plan.parent.map(|parent| self.plan(parent)) {
            None => Ok(Difference::between(&Plan::default(), plan)),
            Some(Ok(parent)) => Ok(Difference::between(&parent, plan)),
            Some(Err(GenerationError::Unknown { .. })) => Ok(Difference::default()),
            Some(Err(error)) => Err(error),
        }
    }

    /// Returns the paths of a package of the current generation as dpkg lists them, absolute, in byte order; `None` when it is not
    /// installed.
    ///
    /// # Errors
    ///
    /// When what is kept of the generation cannot be read.
    pub fn files_of(&self, name: &str) -> Result<Option<Vec<String>>, GenerationError> {
        let Some(number) = self.current()? else {
            return Ok(None);
        };
        let packages = self.plan(number)?.packages;
        let Some(package) = packages.iter().find(|package| package.name == name) else {
            return Ok(None);
        };
        let info = self.path(number).join("dpkg/info");
        let plain = info.join(format!("{name}.list"));
        let twin = info.join(format!("{name}:{}.list", package.architecture));
        let path = if plain.exists() { plain } else { twin };
        let text = fs::read(&path).map_err(|source| GenerationError::io(&path, source))?;
        let text = String::from_utf8_lossy(&text);
        Ok(Some(text.lines().map(str::to_owned).collect()))
    }

    /// Makes a generation the one that counts, by one rename, and makes that last.
    ///
    /// # Errors
    ///
    /// When the link cannot be made; the old one counts then.
    pub fn switch(&self, number: u64) -> Result<(), GenerationError> {
        self.check_place()?;
        let failed = |source| GenerationError::io(&self.install, source);
        replace_link(&self.install, "current", &format!("gen/{number}")).map_err(failed)?;
        for (name, target) in install_folder::LINKS {
            if fs::read_link(self.install.join(name)).is_err() {
                replace_link(&self.install, name, target).map_err(failed)?;
            }
        }
        let folder = fs::File::open(&self.install).map_err(failed)?;
        folder.sync_all().map_err(failed)
    }

    /// Removes a generation.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn remove(&self, number: u64) -> Result<(), GenerationError> {
        let path = self.path(number);
        // What has a number is whole.
        let doomed = self
            .install
            .join("gen")
            .join(format!("{UNFINISHED}removed-{number}"));
        fs::rename(&path, &doomed).map_err(|source| GenerationError::io(&path, source))?;
        fs::remove_dir_all(&doomed).map_err(|source| GenerationError::io(&doomed, source))
    }

    /// Removes what a process that died here left unfinished. Only for who holds the lock.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn sweep(&self) -> Result<usize, GenerationError> {
        let folders = [self.install.join("gen"), self.install.clone()];
        folders.iter().try_fold(0, |removed, folder| {
            Ok(removed + self.remove_named(folder, UNFINISHED)?)
        })
    }

    fn remove_named(&self, folder: &Path, prefix: &str) -> Result<usize, GenerationError> {
        let failed = |source| GenerationError::io(folder, source);
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries.map_err(failed)?,
        };
        let mut removed = 0;
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().to_string_lossy().starts_with(prefix) {
                continue;
            }
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            let path = entry.path();
            if is_folder {
                overlay::clear(&path).map_err(failed)?;
                fs::remove_dir_all(path).map_err(failed)?;
            } else {
                fs::remove_file(path).map_err(failed)?;
            }
            removed += 1;
        }
        Ok(removed)
    }
}

/// Puts a symbolic link in place of whatever link has that name.
fn replace_link(folder: &Path, name: &str, target: &str) -> io::Result<()> {
    let fresh = folder.join(format!("{UNFINISHED}{name}"));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target, &fresh)?;
    fs::rename(&fresh, folder.join(name))
}
