//! `cpkgs install --system`, with the real dpkg on a root of a test's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use archive_tests::{Client, DebBuilder, Run, TestArchive};

/// An archive, a client that knows it, and a system that has nothing yet.
struct Machine {
    archive: TestArchive,
    client: Client,
    root: tempfile::TempDir,
}

impl Machine {
    fn new(packages: &[DebBuilder]) -> Self {
        let archive = TestArchive::new();
        archive.add(packages);
        archive.publish();
        let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
        client.run(&["update"]).ok();
        let root = tempfile::tempdir().unwrap();
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.path().join("var/lib/dpkg").join(folder)).unwrap();
        }
        fs::create_dir_all(root.path().join("var/log")).unwrap();
        fs::write(root.path().join("var/lib/dpkg/status"), "").unwrap();
        Self {
            archive,
            client,
            root,
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn cpkgs(&self, arguments: &[&str]) -> Run {
        let root = self.root.path().display().to_string();
        let place = ["--yes", "--system", "--dpkg-root", &root];
        self.client.run(&[arguments, &place].concat())
    }

    /// Returns what dpkg has: name, version, wish and state.
    fn status(&self) -> Vec<String> {
        let folder = format!("--admindir={}", self.path("var/lib/dpkg").display());
        let format = "--showformat=${Package} ${Version} ${db:Status-Want} ${db:Status-Status}\n";
        let run = Run::of(Command::new("dpkg-query").args([&folder, format, "--show"]));
        run.stdout.lines().map(str::to_owned).collect()
    }

    fn automatic(&self) -> String {
        fs::read_to_string(self.path("var/lib/apt/extended_states")).unwrap_or_default()
    }
}

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").depends("libhello (>= 1)")
}

#[test]
fn dpkg_and_apt_know_what_came_and_why() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 install installed", "libhello 1.0 install installed"]
    );
    assert_eq!(
        machine.automatic(),
        "Package: libhello\nArchitecture: amd64\nAuto-Installed: 1\n\n"
    );

    let needed = machine.cpkgs(&["autoremove"]).ok();
    assert_eq!(machine.status().len(), 2, "{}", needed.report());
    machine.cpkgs(&["remove", "hello"]).ok();
    machine.cpkgs(&["autoremove"]).ok();
    assert_eq!(machine.status(), Vec::<String>::new());
    assert_eq!(machine.automatic(), "");
}

#[test]
fn a_hold_of_dpkg_is_kept() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    let status = machine.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    let held = text.replacen("Status: install ok", "Status: hold ok", 1);
    fs::write(&status, held).unwrap();
    machine
        .archive
        .add(&[hello("2.0"), DebBuilder::new("libhello", "2.0", "amd64")]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 hold installed", "libhello 2.0 install installed"]
    );
}

#[test]
fn what_is_pre_depended_on_is_configured_first() {
    let shell = DebBuilder::new("shell", "1.0", "amd64").field("Pre-Depends", "libhello");
    let machine = Machine::new(&[shell, DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "shell"]).ok();
    assert_eq!(machine.status().len(), 2);
}

#[test]
fn an_interrupted_dpkg_comes_first() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "libhello"]).ok();
    let status = machine.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("ok installed", "ok half-configured")).unwrap();
    let run = machine.cpkgs(&["install", "hello"]).exits(1);
    assert!(run.stderr.contains("dpkg --configure -a"), "{}", run.report());
}
