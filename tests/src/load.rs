//! How an uploader behaves under load: what it takes in a second, what it holds in memory, how long until a package is live.
//!
//! Each scenario starts a server of its own, measures, checks that nothing was lost, and returns what it found as [`Findings`].
//! A fault fails it at once. They run small in the system tests, and large in `bench-uploads`, on a release build.

pub mod killed;
pub mod large;
pub mod live;
pub mod memory;
pub mod plain;
pub mod rate;
pub mod reading;

use crate::{Compression, DebBuilder, Random, TestArchive, Uploader, http};
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a scenario found: a figure for each thing that was measured, as text.
#[derive(Debug, Default)]
pub struct Findings(Vec<(String, String)>);

impl Findings {
    /// Notes a figure.
    pub fn note(&mut self, what: &str, figure: impl fmt::Display) {
        self.0.push((what.to_owned(), figure.to_string()));
    }
}

impl fmt::Display for Findings {
    /// Writes them as rows of a Markdown table.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, figure) in &self.0 {
            writeln!(formatter, "| {what} | {figure} |")?;
        }
        Ok(())
    }
}

/// An archive with an administrator, its server and a token.
pub struct Served {
    /// The archive.
    pub archive: TestArchive,
    /// Its server.
    pub server: Uploader,
    /// May do everything.
    pub token: String,
}

impl Served {
    /// Makes a fresh archive without Contents, as the other measurements have it, and serves it.
    pub fn fresh() -> Self {
        let archive = TestArchive::init(&["--suite", "bench", "--architecture", "amd64"]);
        archive.configure_last_suite("contents = \"off\"");
        Self::start(archive)
    }

    /// Serves an archive.
    pub fn start(archive: TestArchive) -> Self {
        let name = format!("bench-{}", std::process::id());
        archive.account(&name, &["--role", "admin"]);
        let token = archive.token(&name, &["admin"]);
        // What is measured is the server, not its bounds.
        let server = Uploader::with(&archive, &[("READ_RATE", "off"), ("UPLOAD_RATE", "off")]);
        Self {
            archive,
            server,
            token,
        }
    }

    /// Uploads a package, and says how it was answered and after how long.
    pub fn upload(&self, package: &[u8], query: &str) -> (u16, Duration) {
        let started = Instant::now();
        let status = self.try_upload(package, query).unwrap();
        (status, started.elapsed())
    }

    /// Uploads a package to a server that may be gone, or go meanwhile.
    pub fn try_upload(&self, package: &[u8], query: &str) -> io::Result<u16> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str())];
        let path = format!("/api/packages{query}");
        let answer = http::try_send(self.server.port(), "POST", &path, (&headers, package))?;
        Ok(answer.status)
    }
}

/// Makes a package with so many bytes in it that do not compress.
pub fn package(name: &str, bytes: usize) -> Vec<u8> {
    let seed = name.bytes().fold(1, |seed: u64, byte| {
        seed.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)
    });
    DebBuilder::new(name, "1.0", "amd64")
        .file("usr/share/data", Random::new(seed).bytes(bytes))
        .compressed(Compression::Gzip, Compression::None)
        .build()
}

/// Runs `work` for the numbers below `count` on so many threads at once, and returns what it said, in no order.
pub fn at_once<T: Send>(clients: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, said) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&n| n < count) {
                    let one = work(number);
                    said.lock().unwrap().push(one);
                }
            });
        }
    });
    said.into_inner().unwrap()
}

/// Returns the time that so many of a hundred were quicker than.
pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// Shows p50, p95 and p99.
pub fn percentiles(times: &mut [Duration]) -> String {
    let shown: Vec<String> = [50, 95, 99]
        .iter()
        .map(|percent| format!("{} ms", percentile(times, *percent).as_millis()))
        .collect();
    shown.join(" / ")
}

/// Shows KiB as MiB.
pub fn mebibytes(kibibytes: u64) -> String {
    format!("{:.0} MiB", kibibytes as f64 / 1024.0)
}
