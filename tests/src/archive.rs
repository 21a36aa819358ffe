//! An archive in a temporary folder, made and changed by the real `repogen`.

use crate::WriteDeb as _;
use crate::{DebBuilder, Nginx, Run, SmallDisk};
use archive_catalog::testing::TestServer;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// An archive of a test's own; gone when dropped.
pub struct TestArchive {
    folder: TempDir,
    /// Holds the configuration and the keys.
    home: PathBuf,
    /// Holds the files: the home, or a folder that machines share.
    root: PathBuf,
    /// A program in whose namespaces all commands run; none: in those of the test.
    beside: Option<u32>,
    /// The umask that all commands run under; none: that of the test.
    umask: Option<&'static str>,
    /// `DATABASE_URL`; none: the catalog is a file in the root.
    database: Option<String>,
}

/// Whether a machine has what signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It publishes.
    Copied,
    /// It takes uploads only.
    None,
}

/// The variable that puts the catalog of every archive on PostgreSQL, by the value `postgresql`: all tests that are not about
/// the file of SQLite have to pass there, too.
const DATABASE: &str = "TEST_DATABASE";

/// Returns `DATABASE_URL` for a new archive, as [`DATABASE`] asks.
fn asked_database() -> Option<String> {
    match std::env::var(DATABASE).ok()?.as_str() {
        "" | "sqlite" => None,
        "postgresql" => Some(TestServer::shared().url()),
        other => panic!("{DATABASE} is `{other}`: use `sqlite` or `postgresql`"),
    }
}

impl TestArchive {
    /// Makes an archive as `repogen init` does when it is told nothing.
    pub fn new() -> Self {
        Self::init(&[])
    }

    /// Makes an archive with further arguments for `repogen init`.
    pub fn init(arguments: &[&str]) -> Self {
        let archive = Self::empty();
        archive.repogen(&[&["init"], arguments].concat()).ok();
        archive
    }

    /// Makes an archive that several machines may share: its catalog is on `server`, its files are beside its home.
    pub fn shared_on(server: &TestServer) -> Self {
        let mut archive = Self::empty();
        archive.database = Some(server.url());
        archive.root = archive.folder.path().join("files");
        std::fs::create_dir(&archive.root).unwrap();
        archive.repogen(&["migrate"]).ok();
        archive.repogen(&["init"]).ok();
        archive
    }

    /// Returns the same archive as another machine has it: with a copy of the configuration, and of the key where it signs.
    pub fn other_machine(&self, keys: Keys) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("archive");
        std::fs::create_dir(&home).unwrap();
        std::fs::copy(self.home.join("repogen.toml"), home.join("repogen.toml")).unwrap();
        if keys == Keys::Copied {
            std::fs::create_dir(home.join("keys")).unwrap();
            std::fs::copy(self.home.join("keys/archive.pgp"), home.join("keys/archive.pgp")).unwrap();
        }
        Self {
            folder,
            home,
            root: self.root.clone(),
            beside: None,
            umask: self.umask,
            database: self.database.clone(),
        }
    }

    /// Makes an archive with further arguments for `repogen init`, and serves it: its `url` is where nginx is.
    pub fn served(arguments: &[&str]) -> (Self, Nginx) {
        let archive = Self::empty();
        let nginx = Nginx::serve(&archive.root());
        archive
            .repogen(&[&["init", "--url", &nginx.url()], arguments].concat())
            .ok();
        (archive, nginx)
    }

    /// Makes the folder only.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("archive");
        std::fs::create_dir(&root).unwrap();
        Self {
            folder,
            home: root.clone(),
            root,
            beside: None,
            umask: None,
            database: asked_database(),
        }
    }

    /// Takes an archive that is there, and stays.
    pub fn existing(root: &Path) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            home: root.canonicalize().unwrap(),
            root: root.canonicalize().unwrap(),
            beside: None,
            umask: None,
            database: asked_database(),
        }
    }

    /// Makes the folder only, on a small disk.
    pub fn empty_on(disk: &SmallDisk) -> Self {
        let (program, root) = (disk.holder(), disk.archive());
        let inside = root.strip_prefix("/").expect("a root is an absolute path");
        let root = Path::new("/proc")
            .join(program.to_string())
            .join("root")
            .join(inside);
        Self {
            folder: tempfile::tempdir().unwrap(),
            home: root.clone(),
            root,
            beside: Some(program),
            umask: None,
            // The disk is what the test is about, and a server's socket is not to be seen from there.
            database: None,
        }
    }

    /// Runs all commands under another umask from now on.
    pub fn under_umask(mut self, umask: &'static str) -> Self {
        self.umask = Some(umask);
        self
    }

    /// Returns the folder that holds the configuration and the keys.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the folder that holds the files of the archive.
    pub fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// Returns a folder beside the root that is gone with the archive: for packages on their way in.
    pub fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// Returns a `repogen` command for this archive, to be changed further before it runs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.tool(repogen());
        command.args(arguments);
        command
    }

    /// Runs `repogen` under a clock that is ahead or behind, such as `+30d`.
    pub fn repogen_at(&self, offset: &str, arguments: &[&str]) -> Run {
        let mut command = self.tool("faketime");
        command.args(["-f", offset]).arg(repogen()).args(arguments);
        Run::of(&mut command)
    }

    /// Returns a command that runs another program as `repogen` is run: in the root, with nothing of the developer's.
    pub fn tool(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match (self.beside, self.umask) {
            (None, None) => Command::new(program),
            (None, Some(umask)) => {
                let mut command = Command::new("sh");
                command
                    .args(["-c", "umask \"$1\" && shift && exec \"$@\"", "sh", umask])
                    .arg(program);
                command
            }
            (Some(other), _) => {
                let mut command = Command::new("nsenter");
                command.args([
                    "--target",
                    &other.to_string(),
                    "--user",
                    "--mount",
                    "--preserve-credentials",
                ]);
                // Entering other mounts would leave the folder; this is opened before.
                command.arg(format!("--wd={}", self.root.display())).arg(program);
                command
            }
        };
        // A clean environment: nothing of the developer's may decide a test.
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8");
        command.env("TMPDIR", self.folder.path()).current_dir(&self.home);
        if self.root != self.home {
            command.env("STORAGE_URL", &self.root);
        }
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Says whether its catalog is in a database of a server, and not a file.
    pub fn has_server(&self) -> bool {
        self.database.is_some()
    }

    /// Changes the catalog behind the back of all programs, by a statement that both databases understand.
    pub fn change_catalog(&self, statement: &str) {
        if let Some(url) = &self.database {
            let arguments = ["--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement, url];
            Run::of(self.tool("psql").args(arguments)).ok();
            return;
        }
        let catalog = rusqlite::Connection::open(self.root().join("catalog.db")).unwrap();
        catalog.execute_batch(statement).unwrap();
    }

    /// Runs `repogen` in the root.
    pub fn repogen(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs `repogen` and kills it at its `at`th call of these (names of system calls, with commas); false where it made fewer, and
    /// did what it was to do.
    pub fn killed_at(&self, calls: &str, at: usize, arguments: &[&str]) -> bool {
        self.killed_with(&[], (calls, at), arguments)
    }

    /// The same with variables of its environment.
    pub fn killed_with(
        &self,
        variables: &[(String, String)],
        (calls, at): (&str, usize),
        arguments: &[&str],
    ) -> bool {
        let trace = self.outside().join("trace");
        // Of the program alone, which the harness knows how to run.
        let repogen = self.command(&[]).get_program().to_owned();
        let mut command = self.tool("strace");
        command
            .args(["-f", "-qq", "-o"])
            .arg(&trace)
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:signal=KILL:when={at}")])
            .arg(repogen)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)));
        let run = Run::of(&mut command);
        let killed = std::fs::read_to_string(&trace)
            .unwrap()
            .contains("+++ killed by SIGKILL");
        if !killed {
            run.ok();
        }
        killed
    }

    /// Puts packages into the only suite, and fails the test when one is not taken.
    pub fn add(&self, packages: &[DebBuilder]) -> Run {
        self.try_add(packages).ok()
    }

    /// Offers packages to the only suite.
    pub fn try_add(&self, packages: &[DebBuilder]) -> Run {
        let paths: Vec<PathBuf> = packages
            .iter()
            .map(|package| package.write_into(&self.outside()))
            .collect();
        Run::of(self.command(&["add"]).args(paths))
    }

    /// Publishes what changed, and fails the test when that does not succeed.
    pub fn publish(&self) -> Run {
        self.repogen(&["publish"]).ok()
    }

    /// Returns a text file of the root.
    pub fn read(&self, path: &str) -> String {
        let path = self.root().join(path);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Changes `repogen.toml`: every `from` becomes `to`, and there has to be one.
    pub fn configure(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.home.join("repogen.toml")).unwrap();
        assert!(text.contains(from), "repogen.toml has no `{from}`:\n{text}");
        std::fs::write(self.home.join("repogen.toml"), text.replace(from, to)).unwrap();
    }

    /// Adds a line to the end of `repogen.toml`, which is the last suite's table.
    pub fn configure_last_suite(&self, line: &str) {
        let text = std::fs::read_to_string(self.home.join("repogen.toml")).unwrap();
        std::fs::write(self.home.join("repogen.toml"), format!("{text}\n{line}\n")).unwrap();
    }
}

impl Default for TestArchive {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the path of the `repogen` program, built from this workspace when that was not done yet.
///
/// `REPOGEN` names another one: to run the tests against a release build.
pub fn repogen() -> PathBuf {
    std::env::var_os("REPOGEN").map_or_else(|| built().join("repogen"), PathBuf::from)
}

/// Returns the path of the `uploader` program, likewise; `UPLOADER` names another one.
pub fn uploader() -> PathBuf {
    std::env::var_os("UPLOADER").map_or_else(|| built().join("uploader"), PathBuf::from)
}

/// Returns the path of the `cpkgs` program, likewise; `CPKGS` names another one.
pub fn cpkgs() -> PathBuf {
    std::env::var_os("CPKGS").map_or_else(|| built().join("cpkgs"), PathBuf::from)
}

/// Returns the folder of the built programs.
fn built() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).clone()
}

/// Builds the program into the target folder that this test runs from: cargo gives a test no path to another package's program.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests run from TARGET/PROFILE/deps");
    let target = profile.parent().expect("tests run from TARGET/PROFILE/deps");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // With `--examples`, of which there are none, cargo chooses the features of dependencies as it does for tests; without, it would
    // compile many of them a second time.
    command
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bins",
            "--examples",
            "--target-dir",
        ])
        .arg(target);
    if profile.ends_with("release") {
        command.arg("--release");
    }
    Run::of(command.current_dir(crate::workspace())).ok();
    profile.to_owned()
}
