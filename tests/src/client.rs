//! The real `cpkgs`, with a home of a test's own.

use crate::{Run, TestArchive};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A client of a test's own; gone when dropped.
pub struct Client {
    home: TempDir,
}

impl Client {
    /// Makes one that knows no archive.
    pub fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Makes one that knows an archive at an address, and trusts its key.
    pub fn of(archive: &TestArchive, url: &str) -> Self {
        let client = Self::new();
        let about: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
        let fingerprint = about["fingerprints"][0].as_str().unwrap();
        client
            .run(&["source", "add", url, "--fingerprint", fingerprint])
            .ok();
        client
    }

    /// Returns a command of the client.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(crate::archive::cpkgs());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("CPKGS_HOME", self.home.path())
            .current_dir(self.home.path());
        command
    }

    /// Runs the client.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Returns a path below its home.
    pub fn path(&self, below: &str) -> PathBuf {
        self.home.path().join(below)
    }

    /// Runs a program that it has installed.
    pub fn program(&self, name: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(self.path("packages/bin").join(name));
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
        Run::of(&mut command)
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

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
