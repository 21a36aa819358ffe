//! A running `repogen watch`, and waiting for what it does.

use crate::{Run, TestArchive};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything is waited for before a test fails: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it takes to look again.
const LOOK: Duration = Duration::from_millis(10);

/// A `repogen watch` on a test's archive; killed when dropped.
pub struct Watching {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Watching {
    /// Starts it, and returns when it says that it is ready.
    pub fn start(archive: &TestArchive) -> Self {
        Self::start_with(archive, &[])
    }

    /// Starts it with options, and returns when it says that it is ready.
    pub fn start_with(archive: &TestArchive, options: &[&str]) -> Self {
        let socket = archive.home().with_file_name("notify");
        let _ = std::fs::remove_file(&socket);
        let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = archive.command(&["watch"]);
        command.args(options);
        command.env("NOTIFY_SOCKET", &socket);
        let watching = Self::spawn(archive, command);
        let mut told = [0; 64];
        let length = manager.recv(&mut told).unwrap_or_else(|error| {
            panic!(
                "`repogen watch` never said that it is ready: {error}\n{}",
                watching.told()
            )
        });
        assert_eq!(&told[..length], b"READY=1");
        watching
    }

    fn spawn(archive: &TestArchive, mut command: Command) -> Self {
        let file = |name| archive.home().with_file_name(name);
        let (out, err) = (file("watch.out"), file("watch.err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Self { child, out, err }
    }

    /// Returns what it printed to stdout so far.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// Returns what it printed to stderr so far.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    /// Waits until `happened`, and fails the test, naming `what`, when that takes too long or the program ends before.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut happened: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !happened(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("`repogen watch` ended ({status}) before: {what}\n{}", self.told());
            }
            assert!(
                Instant::now() < deadline,
                "never happened: {what}\n{}",
                self.told()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        Run::of(Command::new("kill").args(["-s", name, &id])).ok();
    }

    /// Asks it to end by SIGTERM, and returns its exit code.
    #[track_caller]
    pub fn stop(mut self) -> Run {
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "did not end on SIGTERM\n{}",
                self.told()
            );
            std::thread::sleep(LOOK);
        };
        Run {
            command: "repogen watch".into(),
            code: status.code().unwrap_or(-1),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    /// Kills it without a chance to clean up.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn told(&self) -> String {
        format!("--- stdout\n{}--- stderr\n{}", self.stdout(), self.stderr())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
