//! Changes to a suite, one after the other: packages come, go, are replaced, and come back.

use super::Account;
use crate::WriteDeb as _;
use crate::{DebBuilder, Random, Run, TestArchive, apt};
use std::path::PathBuf;

/// A package of the suite, by its number and version.
type Package = (usize, usize);

/// Makes changes to the first suite of an archive, and knows what it holds.
pub struct Churn<'a> {
    archive: &'a TestArchive,
    random: Random,
    present: Vec<Package>,
    removed: Vec<Package>,
    names: usize,
    wanted: usize,
}

impl<'a> Churn<'a> {
    /// Fills the suite with so many packages, which are not published yet.
    pub fn fill(archive: &'a TestArchive, packages: usize, seed: u64) -> Self {
        let mut churn = Self {
            archive,
            random: Random::new(seed),
            present: Vec::new(),
            removed: Vec::new(),
            names: 0,
            wanted: packages,
        };
        let paths: Vec<PathBuf> = (0..packages).map(|_| churn.new_package()).collect();
        churn.run("add").args(paths).ok();
        churn
    }

    /// Makes one change, published by nobody yet, and counts it.
    pub fn step(&mut self, account: &mut Account) {
        // About as many come as go.
        let few = self.present.len() <= self.wanted / 2;
        let many = self.present.len() >= self.wanted * 2;
        match self.random.below(4) {
            0 if !many => self.add(account),
            1 if !few => self.remove(account),
            2 if !many && !self.removed.is_empty() => self.bring_back(account),
            _ => self.replace(account),
        }
    }

    /// Writes a package that the suite does not have yet and returns its path; it counts as there from now on.
    pub fn new_package(&mut self) -> PathBuf {
        self.names += 1;
        let package = (self.names, 1);
        self.present.push(package);
        self.write(package)
    }

    /// Returns the lines that `repogen list` should begin with: name and version of each package, sorted.
    pub fn expected(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = self
            .present
            .iter()
            .map(|&package| (name(package), version(package)))
            .collect();
        all.sort();
        all
    }

    fn add(&mut self, account: &mut Account) {
        let path = self.new_package();
        self.run("add").args([path]).ok();
        account.count("packages added");
    }

    /// Puts a new version in and takes the old one out, for one and the same publish.
    fn replace(&mut self, account: &mut Account) {
        let at = self.random.below(self.present.len());
        let old = self.present[at];
        let new = (old.0, old.1 + 1);
        let path = self.write(new);
        self.run("add").args([path]).ok();
        self.take_out(old);
        self.present[at] = new;
        account.count("packages replaced");
    }

    fn remove(&mut self, account: &mut Account) {
        let at = self.random.below(self.present.len());
        let package = self.present.swap_remove(at);
        self.take_out(package);
        self.removed.push(package);
        account.count("packages removed");
    }

    /// Puts a package in again that was taken out: the same name, version and bytes.
    fn bring_back(&mut self, account: &mut Account) {
        let at = self.random.below(self.removed.len());
        let package = self.removed.swap_remove(at);
        self.present.push(package);
        let path = self.write(package);
        self.run("add").args([path]).ok();
        account.count("packages brought back");
    }

    fn take_out(&self, package: Package) {
        let named = format!("{}={}", name(package), version(package));
        self.run("remove").args([PathBuf::from(named)]).ok();
    }

    fn run(&self, command: &'static str) -> Step<'_> {
        Step {
            archive: self.archive,
            command,
        }
    }

    /// Writes the package; the same one has the same bytes each time.
    fn write(&self, package: Package) -> PathBuf {
        let mut random = Random::new((package.0 * 1_000_003 + package.1) as u64);
        let size = random.below(16 * 1024);
        let architecture = if package.0.is_multiple_of(3) {
            "all".to_owned()
        } else {
            apt::native_architecture()
        };
        DebBuilder::new(&name(package), &version(package), &architecture)
            .file(&format!("usr/share/{}/noise", name(package)), random.bytes(size))
            .write_into(&self.archive.outside())
    }
}

/// A command of `repogen` that only wants its paths.
struct Step<'a> {
    archive: &'a TestArchive,
    command: &'static str,
}

impl Step<'_> {
    fn args(self, paths: impl IntoIterator<Item = PathBuf>) -> Run {
        let mut command = self.archive.command(&[self.command]);
        // Every archive of these scenarios has this suite.
        Run::of(command.args(["--suite", "stable"]).args(paths))
    }
}

fn name(package: Package) -> String {
    format!("package-{}", package.0)
}

fn version(package: Package) -> String {
    format!("{}.0", package.1)
}
