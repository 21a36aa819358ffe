//! The real dpkg-deb and tar, asked about a package.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A package in a file of its own, for as long as it is asked about.
pub(crate) struct Asked {
    folder: tempfile::TempDir,
}

impl Asked {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.deb"), bytes).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("package.deb")
    }

    fn run(&self, option: &str) -> Output {
        Command::new("dpkg-deb")
            .arg(option)
            .arg(self.path())
            .env("LC_ALL", "C")
            .env("TMPDIR", self.folder.path())
            .output()
            .expect("dpkg-deb runs")
    }

    /// The control file as `dpkg-deb --field` prints it, `None` when dpkg-deb refuses the package.
    pub(crate) fn control(&self) -> Option<Vec<u8>> {
        let output = self.run("--field");
        output.status.success().then_some(output.stdout)
    }

    /// Whether dpkg-deb can read a field of the control file.
    pub(crate) fn parses(&self) -> bool {
        self.run("--show").status.success()
    }

    /// The names in `data.tar` as GNU tar prints them, `None` when dpkg-deb or tar refuses the package.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        if !self.run("--contents").status.success() {
            return None;
        }
        let data = self.run("--fsys-tarfile").stdout;
        fs::write(self.folder.path().join("data.tar"), data).unwrap();
        let output = Command::new("tar")
            .args([
                "--list",
                "--null",
                "--quoting-style=literal",
                "--file",
                "data.tar",
            ])
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .output()
            .expect("tar runs");
        let lines = String::from_utf8(output.stdout).unwrap();
        output
            .status
            .success()
            .then(|| lines.lines().map(str::to_owned).collect())
    }
}
