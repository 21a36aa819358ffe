//! From an upload to an index that clients see, in an archive that is large.

use super::{Findings, Served, at_once, package, percentile};
use crate::TestArchive;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How much is done.
#[derive(Debug, Clone)]
pub struct Live {
    /// An archive with packages in it, which gets more; none: one is filled with made-up packages.
    pub root: Option<PathBuf>,
    /// Made-up packages.
    pub packages: usize,
    /// Uploads one after the other.
    pub uploads: usize,
    /// How long after the one the next begins.
    pub every: Duration,
    /// Uploads at once after that.
    pub burst: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The figures.
    pub findings: Findings,
    /// Publishes for the uploads at once.
    pub publishes: usize,
}

/// Uploads packages, each answered once it is live.
pub fn live(counts: &Live) -> Found {
    let served = Served::start(archive(counts));
    // Another run on the same archive has other packages.
    let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let one = |number: usize| {
        let (status, took) =
            served.upload(&package(&format!("live-{run}-{number}"), 4096), "?wait=published");
        assert_eq!(status, 201);
        took
    };
    // The first publish of a process reads what it later keeps.
    let first = one(0);
    let mut times: Vec<Duration> = (1..=counts.uploads)
        .map(|number| {
            let started = Instant::now();
            let took = one(number);
            std::thread::sleep(counts.every.saturating_sub(started.elapsed()));
            took
        })
        .collect();
    let published = |log: String| log.matches("\"message\":\"published ").count();
    let before = published(served.server.log());
    let waits = at_once(counts.burst.max(1), counts.burst, |number| {
        one(counts.uploads + 1 + number)
    });
    let milliseconds = |time: Duration| format!("{} ms", time.as_millis());
    let mut findings = Findings::default();
    findings.note("the first upload after the start", milliseconds(first));
    findings.note(
        &format!(
            "{} uploads, one each {} s: p50",
            counts.uploads,
            counts.every.as_secs_f64()
        ),
        milliseconds(percentile(&mut times, 50)),
    );
    findings.note("p95", milliseconds(percentile(&mut times, 95)));
    findings.note(
        &format!("{} at once: the longest wait", counts.burst),
        milliseconds(waits.iter().copied().max().unwrap_or_default()),
    );
    let publishes = published(served.server.log()) - before;
    findings.note("publishes for them", publishes);
    Found { findings, publishes }
}

fn archive(counts: &Live) -> TestArchive {
    if let Some(root) = &counts.root {
        return TestArchive::existing(root);
    }
    let archive = TestArchive::init(&["--suite", "bench", "--architecture", "amd64"]);
    archive.configure_last_suite("contents = \"off\"");
    if counts.packages > 0 {
        fill(&archive, counts.packages);
    }
    archive.publish();
    archive
}

/// Places made-up packages in the catalog; none of their files is there.
pub(super) fn fill(archive: &TestArchive, packages: usize) {
    let program = std::env::current_exe().unwrap().with_file_name("bench-archive");
    let filled = Command::new(&program)
        .arg("fill")
        .arg(archive.root())
        .args(["0", &packages.to_string()])
        .status();
    assert!(filled.unwrap().success(), "{} failed", program.display());
}
