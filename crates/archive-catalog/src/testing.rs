//! A PostgreSQL server of a test's own.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::DatabaseUrl;

/// The identity that runs the server where the test has root: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// Runs the server until its input ends, which is when the test process does; then nothing of it is left.
const KEEPER: &str = r#"
"$BIN/pg_ctl" -D "$DATA" -l "$DATA/log" -w start >/dev/null
read -r _
"$BIN/pg_ctl" -D "$DATA" -m immediate stop >/dev/null
rm -rf "$DATA"
"#;

/// What a server for tests does without: none of it outlives the machine.
const SETTINGS: &str =
    "\nlisten_addresses = ''\nfsync = off\nmax_connections = 300\nlog_min_messages = fatal\n";

/// A server on a socket in a temporary folder; gone when dropped, or with the process.
pub struct TestServer {
    folder: PathBuf,
    bin: PathBuf,
    /// Stops the server when its input ends.
    keeper: Child,
}

impl TestServer {
    /// Returns the server of this process, and starts it the first time.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed (Debian's `postgresql`), or does not start.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<TestServer> = OnceLock::new();
        SERVER.get_or_init(Self::new)
    }

    /// Starts a server of a test's own, which it may stop.
    ///
    /// # Panics
    ///
    /// As [`TestServer::shared`].
    #[expect(clippy::new_without_default, reason = "it starts a server")]
    pub fn new() -> Self {
        let bin = programs();
        let folder = tempfile::Builder::new()
            .prefix("postgres-")
            .tempdir()
            .expect("a folder")
            .keep();
        if rustix::process::getuid().is_root() {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let mut initdb = as_server(&bin.join("initdb"));
        initdb
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&folder);
        let made = initdb.output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", folder.display());
        let conf = std::fs::File::options()
            .append(true)
            .open(folder.join("postgresql.conf"));
        conf.and_then(|mut conf| conf.write_all(settings.as_bytes()))
            .expect("it was just made");
        let keeper = as_server(Path::new("sh"))
            .args(["-c", KEEPER])
            .env("BIN", &bin)
            .env("DATA", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let server = Self { folder, bin, keeper };
        server.wait();
        server
    }

    /// Stops it without a chance to clean up, as a machine that fails.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again.
    ///
    /// # Panics
    ///
    /// When it runs.
    pub fn start(&self) {
        let log = self.folder.join("log");
        self.control(&["-l", log.to_str().expect("a plain name"), "-w", "start"]);
        self.wait();
    }

    /// Has all its processes stand still, as those of a frozen machine do, until what is returned is dropped: it takes connections, and
    /// answers nothing.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn stand_still(&self) -> StandingStill {
        let mut client = self.client().expect("the server answers");
        let rows = client
            .query(
                "select pid from pg_stat_activity where pid <> pg_backend_pid()",
                &[],
            )
            .expect("its processes");
        let file = std::fs::read_to_string(self.folder.join("postmaster.pid")).expect("it runs");
        let first = file.lines().next().expect("its number").to_owned();
        // First the one that would start others.
        let processes = std::iter::once(first)
            .chain(rows.iter().map(|row| row.get::<_, i32>(0).to_string()))
            .collect();
        let standing = StandingStill { processes };
        standing.signal("STOP");
        standing
    }

    fn control(&self, arguments: &[&str]) {
        let status = as_server(&self.bin.join("pg_ctl"))
            .arg("-D")
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("pg_ctl runs").success(), "pg_ctl {arguments:?}");
    }

    /// Waits until the server answers.
    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = self.client() {
            assert!(Instant::now() < until, "the server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn client(&self) -> Result<Client, postgres::Error> {
        Client::connect(
            &format!("host={} user=postgres dbname=postgres", self.folder.display()),
            NoTls,
        )
    }

    /// Returns the URL of a new, empty database.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn database(&self) -> DatabaseUrl {
        self.url().parse().expect("it is an address")
    }

    /// The same as text, as `DATABASE_URL` has it.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn url(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = self.client().expect("the server answers");
        client
            .batch_execute(&format!("create database {name} template template0"))
            .expect("a database");
        let folder = self
            .folder
            .to_str()
            .expect("temporary folders have plain names")
            .replace('/', "%2F");
        format!("postgres://postgres@{folder}/{name}")
    }
}

/// A server that stands still.
pub struct StandingStill {
    processes: Vec<String>,
}

impl StandingStill {
    fn signal(&self, signal: &str) {
        // One that has ended meanwhile needs none.
        let script = format!("kill -{signal} \"$@\" 2>/dev/null || true");
        let sent = as_server(Path::new("sh"))
            .args(["-c", &script, "sh"])
            .args(&self.processes)
            .status();
        let is_sent = sent.is_ok_and(|status| status.success());
        assert!(is_sent || std::thread::panicking(), "kill -{signal}");
    }
}

impl Drop for StandingStill {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // What it leaves is in a temporary folder.
        let _ = self.keeper.wait();
    }
}

/// Returns a command that runs as whom the server does.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}

/// Returns the folder of the server's programs; Debian keeps them out of `PATH`.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    found.sort();
    found
        .pop()
        .or_else(|| {
            Path::new("/usr/bin/initdb")
                .is_file()
                .then(|| PathBuf::from("/usr/bin"))
        })
        .expect("PostgreSQL is installed: run `make setup`")
}
