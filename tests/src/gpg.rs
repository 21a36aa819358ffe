//! A GnuPG with a home of its own: for keys that another program made.

use crate::Run;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A GnuPG home; its agent ends with it.
pub struct Gpg {
    home: TempDir,
}

impl Gpg {
    /// Makes an empty home.
    pub fn new() -> Self {
        // A socket's path may have 108 bytes, so this one stays near the root.
        Self {
            home: tempfile::Builder::new().prefix("gpg").tempdir().unwrap(),
        }
    }

    /// Runs gpg without asking anybody anything.
    pub fn gpg(&self, arguments: &[&str]) -> Run {
        Run::of(
            self.command("gpg")
                .args(["--batch", "--quiet", "--pinentry-mode", "loopback"])
                .args(arguments),
        )
    }

    /// Makes a signing key, and returns its fingerprint. It is locked unless `passphrase` is empty.
    pub fn key(&self, algorithm: &str, passphrase: &str) -> String {
        let name = format!("{algorithm} key <{algorithm}@example.org>");
        self.gpg(&[
            "--passphrase",
            passphrase,
            "--quick-generate-key",
            &name,
            algorithm,
            "sign",
            "never",
        ])
        .ok();
        let list = self.gpg(&["--with-colons", "--list-keys", &name]).ok().stdout;
        let line = list
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .expect("the key was made");
        line.split(':').nth(9).unwrap().to_owned()
    }

    /// Exports a secret key into a file that only its owner may read.
    pub fn export_secret(&self, key: &str, passphrase: &str) -> PathBuf {
        let file = self.home.path().join(format!("{key}.secret.asc"));
        let path = file.display().to_string();
        self.gpg(&[
            "--passphrase",
            passphrase,
            "--armor",
            "--output",
            &path,
            "--export-secret-keys",
            key,
        ])
        .ok();
        file
    }

    /// Returns the folder, for `GNUPGHOME`.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("GNUPGHOME", self.home.path())
            .env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Default for Gpg {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // The agent would notice that its folder is gone, but only in a while.
        let _ = self.command("gpgconf").args(["--kill", "all"]).status();
    }
}
