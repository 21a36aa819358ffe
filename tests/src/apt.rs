//! The machine's apt, with nothing of the machine in it.

use crate::Run;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// An apt with its own configuration, lists, cache and an empty dpkg root to install into.
///
/// Neither /etc/apt nor the machine's packages count. Dates are checked as on a user's machine, whatever this one is set to.
pub struct Apt {
    folder: TempDir,
}

/// What apt did, and what it complained about.
#[derive(Debug, Clone)]
pub struct AptRun {
    /// The program's own output and exit code.
    pub run: Run,
}

impl Apt {
    /// Makes an apt of this machine's architecture that knows the archives of one `.sources` text.
    pub fn new(sources: &str) -> Self {
        Self::with_architectures(sources, &[&native_architecture()])
    }

    /// Makes an apt for several architectures, the native one first.
    pub fn with_architectures(sources: &str, architectures: &[&str]) -> Self {
        let apt = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in [
            "etc/apt/sources.list.d",
            "etc/apt/preferences.d",
            "etc/apt/trusted.gpg.d",
            "etc/apt/auth.conf.d",
            "var/lib/apt/lists/partial",
            "var/cache/apt/archives/partial",
            "var/log/apt",
            "system/var/lib/dpkg/info",
            "system/var/lib/dpkg/updates",
        ] {
            std::fs::create_dir_all(apt.at(folder)).unwrap();
        }
        std::fs::write(apt.at("system/var/lib/dpkg/status"), "").unwrap();
        std::fs::write(apt.at("etc/apt/sources.list.d/test.sources"), sources).unwrap();
        std::fs::write(
            apt.at("apt.conf"),
            configuration(apt.folder.path(), architectures),
        )
        .unwrap();
        apt
    }

    /// Returns the folder that packages are installed into: its `/`.
    pub fn system(&self) -> PathBuf {
        self.at("system")
    }

    /// Returns the folder for passwords: each file names machines, logins and passwords.
    pub fn auth(&self) -> PathBuf {
        self.at("etc/apt/auth.conf.d")
    }

    /// Runs `apt update`, with `--audit` where apt knows it.
    pub fn update(&self) -> AptRun {
        if major_version() >= 3 {
            self.apt(&["update", "--audit"])
        } else {
            self.apt(&["update"])
        }
    }

    /// Installs packages into [`Apt::system`].
    pub fn install(&self, packages: &[&str]) -> AptRun {
        self.apt(&[&["install", "--yes"], packages].concat())
    }

    /// Runs apt with any arguments.
    pub fn apt(&self, arguments: &[&str]) -> AptRun {
        let run = Run::of(self.command("apt").args(arguments));
        AptRun { run }
    }

    /// Runs apt-get with any arguments in a folder below its own, made when it is not there.
    pub fn get(&self, folder: &str, arguments: &[&str]) -> AptRun {
        std::fs::create_dir_all(self.at(folder)).unwrap();
        let run = Run::of(
            self.command("apt-get")
                .args(arguments)
                .current_dir(self.at(folder)),
        );
        AptRun { run }
    }

    /// Returns the text of each Packages index that the last update left.
    pub fn packages_lists(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.at("var/lib/apt/lists")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_string_lossy().ends_with("_Packages"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    }

    /// Returns the path of something in the folder that all of it lies in.
    pub fn path(&self, below: &str) -> PathBuf {
        self.at(below)
    }

    /// Returns a command of the apt family, as `apt-cache`, that lives in here.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // The file that APT_CONFIG names is read first, and turns the reading of the machine's own off.
        command
            .env_clear()
            .env("APT_CONFIG", self.at("apt.conf"))
            .env("LC_ALL", "C.UTF-8");
        command.env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .current_dir(self.folder.path());
        command
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

impl AptRun {
    /// Returns the lines in which apt warns, fails, notes or audits: those that begin with `W:`, `E:`, `N:` or `A:`.
    pub fn complaints(&self) -> Vec<&str> {
        // Progress is drawn over with carriage returns, so a complaint may follow one.
        let lines = self
            .run
            .stdout
            .split(['\n', '\r'])
            .chain(self.run.stderr.split(['\n', '\r']));
        lines
            .filter(|line| ["W:", "E:", "N:", "A:"].iter().any(|mark| line.starts_with(mark)))
            .collect()
    }

    /// Returns itself when apt succeeded without one complaint, and fails the test otherwise.
    #[track_caller]
    pub fn silent(self) -> Self {
        assert_eq!(
            self.complaints(),
            Vec::<&str>::new(),
            "apt complained\n{}",
            self.run.report()
        );
        Self { run: self.run.ok() }
    }

    /// Fails the test unless apt failed with an error that contains `reason`.
    #[track_caller]
    pub fn refused(self, reason: &str) {
        let errors = self
            .complaints()
            .into_iter()
            .filter(|line| line.starts_with("E:"));
        let found = errors.clone().any(|line| line.contains(reason));
        assert!(
            self.run.code != 0 && found,
            "apt should have refused with `{reason}`\n{}",
            self.run.report()
        );
    }
}

fn configuration(folder: &Path, architectures: &[&str]) -> String {
    let at = folder.display();
    let mut text = format!(
        "Dir \"{at}\";\n\
         Dir::Etc::main \"/dev/null\";\n\
         Dir::Etc::parts \"/dev/null\";\n\
         Dir::Etc::sourcelist \"/dev/null\";\n\
         Dir::State::status \"{at}/system/var/lib/dpkg/status\";\n\
         Acquire::Check-Date \"true\";\n\
         Acquire::Check-Valid-Until \"true\";\n\
         Acquire::Retries \"0\";\n\
         Acquire::http::Timeout \"20\";\n\
         Acquire::http::Proxy \"DIRECT\";\n\
         // The folder is the test's alone, and apt's own user could not enter it.\n\
         APT::Sandbox::User \"root\";\n\
         APT::Architecture \"{}\";\n\
         Debug::NoLocking \"true\";\n\
         // Into a pipe apt is quiet by itself, and then keeps notices and audits to itself.\n\
         quiet \"0\";\n\
         Dpkg::Use-Pty \"false\";\n\
         DPkg::Options {{ \"--root={at}/system\"; \"--force-not-root\"; \"--log={at}/dpkg.log\"; }};\n",
        architectures[0]
    );
    for architecture in architectures {
        writeln!(text, "APT::Architectures:: \"{architecture}\";").unwrap();
    }
    text
}

/// Returns the architecture that dpkg installs for on this machine.
pub fn native_architecture() -> String {
    Run::of(Command::new("dpkg").arg("--print-architecture"))
        .ok()
        .stdout
        .trim()
        .to_owned()
}

/// Returns the major version of the machine's apt: 2 with gpgv, 3 with sqv and `--audit`.
pub fn major_version() -> u32 {
    let version = Run::of(Command::new("apt").arg("--version")).ok().stdout;
    let number = version
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.split('.').next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("unknown apt version: {version}"))
}
