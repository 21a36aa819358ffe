//! One large upload: memory, speed, and what is left of it when it breaks off.

use super::{Findings, Served, mebibytes, package};
use crate::{Random, Run};
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Large {
    /// Bytes that do not compress in the package.
    pub bytes: usize,
    /// How often an upload of it is cut off, at random.
    pub cuts: usize,
    /// Decides where.
    pub seed: u64,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The figures.
    pub findings: Findings,
    /// KiB by which the server's memory grew at most.
    pub peak_growth: u64,
}

/// How long what a cut left may stay.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cuts uploads off, and then makes one whole.
pub fn large(counts: Large) -> Found {
    let bytes = package("large", counts.bytes);
    let served = Served::fresh();
    let before = served.server.memory("VmRSS");
    let mut random = Random::new(counts.seed);
    let longest = (0..counts.cuts)
        .map(|_| cut(&served, &bytes, random.below(bytes.len())))
        .max()
        .unwrap_or_default();
    let (status, took) = served.upload(&bytes, "");
    assert_eq!(status, 201);
    let peak = served.server.memory("VmHWM");
    let beside = by_hand(&served.archive.outside(), &bytes);
    let mut findings = Findings::default();
    let rate = |took: Duration| {
        let speed = bytes.len() as f64 / took.as_secs_f64() / f64::from(1 << 20);
        format!("{:.2} s, {speed:.0} MiB/s", took.as_secs_f64())
    };
    findings.note("size of the package", mebibytes(bytes.len() as u64 / 1024));
    findings.note("uploaded, durable", rate(took));
    findings.note(
        "cp, sync of the copy, sha256sum and md5sum, one after the other",
        rate(beside),
    );
    findings.note(
        "the upload's time beside that",
        format!("{:.2}", took.as_secs_f64() / beside.as_secs_f64()),
    );
    findings.note("memory of the uploader before", mebibytes(before));
    findings.note("the most there was", mebibytes(peak));
    if counts.cuts > 0 {
        findings.note(
            "uploads cut off at a random byte, of which nothing was left",
            counts.cuts,
        );
        findings.note("longest until it was gone", format!("{} ms", longest.as_millis()));
    }
    Found {
        findings,
        peak_growth: peak - before,
    }
}

/// Breaks an upload off, and says how long it took until nothing was left of it.
fn cut(served: &Served, bytes: &[u8], at: usize) -> Duration {
    let mut stream = TcpStream::connect(("127.0.0.1", served.server.port())).unwrap();
    let head = format!(
        "POST /api/packages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        served.token,
        bytes.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&bytes[..at]).unwrap();
    drop(stream);
    let started = Instant::now();
    while staged(&served.archive.root()) > 0 {
        assert!(
            started.elapsed() < PATIENCE,
            "something is left of an upload cut at {at}"
        );
        std::thread::yield_now();
    }
    started.elapsed()
}

/// Returns how many files are staged.
pub fn staged(root: &Path) -> usize {
    // A folder may go while it is looked at.
    writers(root)
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .map(Iterator::count)
        .sum()
}

/// Returns the folders in which writers stage files.
pub fn writers(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("state/staging")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Does by other programs what an upload is at least.
fn by_hand(folder: &Path, bytes: &[u8]) -> Duration {
    std::fs::create_dir_all(folder).unwrap();
    let (file, copy) = (folder.join("large.deb"), folder.join("copy.deb"));
    std::fs::write(&file, bytes).unwrap();
    let started = Instant::now();
    Run::of(Command::new("cp").args([&file, &copy])).ok();
    Run::of(Command::new("sync").arg(&copy)).ok();
    Run::of(Command::new("sha256sum").arg(&file)).ok();
    Run::of(Command::new("md5sum").arg(&file)).ok();
    started.elapsed()
}
