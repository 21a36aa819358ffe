//! The real `uploader`, on an archive of a test's own.

use crate::WriteDeb as _;
use crate::archive::uploader;
use crate::http::{self, Response};
use crate::{DebBuilder, Run, TestArchive};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A password that is taken.
pub const PASSWORD: &str = "correct horse battery";
/// What signs the access tokens of a test's server.
pub const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How long a line of the log is waited for: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server logged, and a bell for those who wait for more.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// A running `uploader serve`; killed when dropped.
pub struct Uploader {
    process: Child,
    port: u16,
    log: Arc<Log>,
    /// Whether the log is read, and who reads it.
    reading: Arc<AtomicBool>,
    reader: JoinHandle<()>,
}

impl TestArchive {
    /// Runs `uploader` in the root with a text on its standard input.
    pub fn uploader(&self, arguments: &[&str], input: &str) -> Run {
        Run::of_input(self.tool(uploader()).args(arguments), input)
    }

    /// Makes an account with [`PASSWORD`] and returns its id.
    pub fn account(&self, name: &str, arguments: &[&str]) -> String {
        let arguments = [&["user", "add", name, "--password-stdin"], arguments].concat();
        let run = self.uploader(&arguments, PASSWORD).ok();
        run.rows()[0][0].to_owned()
    }

    /// Makes an API token.
    pub fn token(&self, user: &str, scopes: &[&str]) -> String {
        let mut arguments = vec!["token", "create", "--user", user];
        for scope in scopes {
            arguments.extend(["--scope", scope]);
        }
        self.uploader(&arguments, "").ok().stdout.trim().to_owned()
    }
}

impl Uploader {
    /// Starts a server on a new archive; returns both, and a token of an administrator.
    pub fn with_admin() -> (TestArchive, Self, String) {
        let archive = TestArchive::new();
        archive.account("root", &["--role", "admin"]);
        let token = archive.token("root", &["admin"]);
        let server = Self::start(&archive);
        (archive, server, token)
    }

    /// Starts a server on a free port.
    pub fn start(archive: &TestArchive) -> Self {
        Self::with(archive, &[])
    }

    /// Starts a server with further variables in its environment.
    pub fn with(archive: &TestArchive, variables: &[(&str, &str)]) -> Self {
        let mut process = archive
            .tool(uploader())
            .arg("serve")
            .env("API_HOST", "127.0.0.1")
            .env("API_PORT", "0")
            .env("JWT_SECRET", JWT_SECRET)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let port = loop {
            let line = lines.next().map(|line| line.unwrap());
            let line = line.unwrap_or_else(|| panic!("the server ended: {before:?}"));
            if let Some(address) = serde_json::from_str::<Value>(&line)
                .ok()
                .and_then(|line| address(&line))
            {
                break address;
            }
            before.push(line);
        };
        let log = Arc::new(Log {
            lines: Mutex::new(before),
            more: Condvar::new(),
        });
        let kept = log.clone();
        let reading = Arc::new(AtomicBool::new(true));
        let reads = reading.clone();
        let reader = std::thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            for line in lines.take_while(|_| reads.load(Ordering::Relaxed)) {
                kept.lines.lock().unwrap().push(line);
                kept.more.notify_all();
            }
        });
        Self {
            process,
            port,
            log,
            reading,
            reader,
        }
    }

    /// Closes the log at the reader's end, as a collector of logs that ends does; something has to be logged for it.
    pub fn stop_reading_log(&self) {
        self.reading.store(false, Ordering::Relaxed);
        while !self.reader.is_finished() {
            self.get("/healthz", None);
        }
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address to give to clients, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns what was logged so far.
    pub fn log(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    /// Waits until lines with a text are in the log for so many times since it began.
    #[track_caller]
    pub fn logged(&self, text: &str, times: usize) {
        let lines = self.log.lines.lock().unwrap();
        let count = |lines: &Vec<String>| lines.iter().filter(|line| line.contains(text)).count();
        let (lines, waited) = self
            .log
            .more
            .wait_timeout_while(lines, PATIENCE, |lines| count(lines) < times)
            .unwrap();
        let found = count(&lines);
        drop(lines);
        assert!(
            !waited.timed_out(),
            "`{text}` was logged {found} times, not {times}"
        );
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        Run::of(Command::new("kill").args(["-s", name, &id])).ok();
    }

    /// Returns the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns a figure of the process's memory, in KiB: `VmRSS`, or `VmHWM`, which is the most there was.
    pub fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a request without a body.
    pub fn get(&self, path: &str, token: Option<&str>) -> Response {
        self.send("GET", path, token, (&[], &[]))
    }

    /// Sends a JSON body.
    pub fn json(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Response {
        let headers = [("Content-Type", "application/json")];
        self.send(method, path, token, (&headers, body.to_string().as_bytes()))
    }

    /// Sends a request with headers and a body.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        (headers, body): (&[(&str, &str)], &[u8]),
    ) -> Response {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut all = headers.to_vec();
        if let Some(authorization) = &authorization {
            all.push(("Authorization", authorization));
        }
        http::send(self.port, method, path, &all, body)
    }

    /// Uploads a package by `POST /api/packages`, with further query parameters.
    pub fn upload(&self, package: &DebBuilder, query: &str, token: &str) -> Response {
        let path = format!("/api/packages?{query}");
        self.send("POST", &path, Some(token), (&[], &package.build()))
    }

    /// Signs in by [`PASSWORD`] and returns the access token.
    pub fn login(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = self.json("POST", "/api/auth/login", None, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Runs curl against the server.
    pub fn curl(&self, arguments: &[&str], path: &str) -> Run {
        let url = format!("{}{path}", self.url());
        Run::of(
            Command::new("curl")
                .arg("--silent")
                .arg("--show-error")
                .args(arguments)
                .arg(url),
        )
    }

    /// Waits until the server ended by itself, and returns its exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }

    /// Asks the server to stop, and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.process.wait().unwrap().code()
    }

    /// Ends the server where it stands, as a power cut would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Uploader {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- the server's log\n{}", self.log());
        }
    }
}

/// Writes a package where curl finds it.
pub fn file(archive: &TestArchive, package: &DebBuilder) -> PathBuf {
    package.write_into(&archive.outside())
}

/// Returns the port of the line that tells where the server listens.
fn address(line: &Value) -> Option<u16> {
    line["address"].as_str()?.rsplit_once(':')?.1.parse().ok()
}
