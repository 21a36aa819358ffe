//! A PostgreSQL server of a test's own.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::DatabaseUrl;

/// The identity that runs the server where the test has root: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// Runs the server until its input ends, which is when the test process does; then nothing of it is left.
const KEEPER: &str = r#"
"$BIN/postgres" -D "$DATA" -c listen_addresses= -c unix_socket_directories="$DATA" -c fsync=off -c max_connections=300 \
    -c log_min_messages=fatal 2>"$DATA/log" &
read -r _
kill -INT $!
wait $!
rm -rf "$DATA"
"#;

/// A server on a socket in a temporary folder, one for each test process.
pub struct TestServer {
    folder: PathBuf,
}

impl TestServer {
    /// Returns the server of this process, and starts it the first time.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed (Debian's `postgresql`), or does not start.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<TestServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let bin = programs();
        let folder = tempfile::Builder::new()
            .prefix("postgres-")
            .tempdir()
            .expect("a folder")
            .keep();
        let is_root = rustix::process::getuid().is_root();
        if is_root {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let as_user = |command: &mut Command| {
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command.current_dir("/").env("LC_ALL", "C.UTF-8");
        };
        let mut initdb = Command::new(bin.join("initdb"));
        initdb
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&folder);
        as_user(&mut initdb);
        let made = initdb.output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER])
            .env("BIN", &bin)
            .env("DATA", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        as_user(&mut keeper);
        let mut keeper = keeper.spawn().expect("sh runs");
        // Never closed by this process, so that it ends with it.
        std::mem::forget(keeper.stdin.take());
        let server = Self { folder };
        server.wait();
        server
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
