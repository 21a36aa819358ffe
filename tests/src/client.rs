//! The real `cpkgs`, with a home of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::cpkgs;
use crate::{Run, TestArchive};

/// A home of the client that is gone with the test.
pub struct Client {
    folder: tempfile::TempDir,
}

impl Client {
    /// Makes an empty home.
    #[expect(
        clippy::new_without_default,
        reason = "a default that makes a folder would surprise"
    )]
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Makes a home that knows an archive at an address, and trusts its key.
    pub fn of(archive: &TestArchive, url: &str) -> Self {
        let client = Self::new();
        let about: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
        let fingerprint = about["fingerprints"][0].as_str().unwrap();
        client
            .run(&["source", "add", url, "--fingerprint", fingerprint])
            .ok();
        client
    }

    /// Returns the home.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Returns a folder beside the home, which the client runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a `cpkgs` command, to be changed further before it runs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cpkgs());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .env("CPKGS_HOME", self.home())
            .current_dir(self.folder.path());
        command
    }

    /// Runs `cpkgs`.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs `cpkgs` with a text on its standard input.
    pub fn told(&self, arguments: &[&str], input: &str) -> Run {
        Run::of_input(&mut self.command(arguments), input)
    }

    /// Runs a program that it has installed without root.
    pub fn program(&self, name: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(self.path("packages/bin").join(name));
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
        Run::of(&mut command)
    }

    /// Returns a path below the home.
    pub fn path(&self, below: &str) -> PathBuf {
        self.home().join(below)
    }

    /// Returns what says which indexes count.
    pub fn manifest(&self) -> String {
        std::fs::read_to_string(self.path("cache/lists/manifest.json")).unwrap_or_default()
    }

    /// Returns the lines of JSON that a command prints.
    pub fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let run = self.run(&[arguments, &["--json"]].concat()).ok();
        run.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
