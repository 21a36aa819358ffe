//! What `tools/bench` measures inside of a process, and archives of a size that nobody builds packages for.
//!
//! - `bench-archive publish ROOT add|remove DEB...` takes each package in or out and publishes, all in this one process, and
//!   prints a line of JSON for each publish: CPU and wall time of the publish alone, and of its stages, in milliseconds.
//! - `bench-archive fill ROOT FIRST COUNT` places the made-up packages from number FIRST on in the catalog. No file of them
//!   is in the pool: publishing reads the catalog only.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the developers' own"
)]

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use archive_catalog::{Content, NewContent, NewPlacement, Selection};
use archive_storage::pool::PoolName;
use archive_storage::staging::Staging;
use archive_tests::DebBuilder;
use archive_tests::made_up::control;
use debian_archive::archive::Archive;
use debian_archive::config::Suite;
use debian_archive::ingest::{SuiteComponent, UploadContext};
use debian_archive::location::ArchiveLocation;
use debian_archive::publish::{Clock, PublishMode, PublishOutcome};
use debian_archive::sign::KeyFiles;
use debian_control::digest::sha256;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// How many packages share a transaction.
const BATCH: usize = 10_000;
/// A publish each so often is never made to wait for its Date, which rises by a second each time.
const PACE: Duration = Duration::from_millis(1_050);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["publish", root, "add", debs @ ..] => publish_each(&open(root), debs, add),
        ["publish", root, "remove", debs @ ..] => publish_each(&open(root), debs, remove),
        ["fill", root, first, count] => fill(&open(root), first.parse().unwrap(), count.parse().unwrap()),
        _ => {
            eprintln!(
                "usage: bench-archive publish ROOT add|remove DEB...\n       bench-archive fill ROOT FIRST COUNT"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn open(root: &str) -> Archive {
    let root = Path::new(root);
    Archive::open(&ArchiveLocation::folder(root)).unwrap()
}

/// Changes the archive package by package and measures the publish that follows each change.
fn publish_each(archive: &Archive, debs: &[&str], change: fn(&Archive, &Suite, &Path)) {
    let suite = &archive.config().suites[0];
    let key = archive.config().signing.key.as_ref().unwrap();
    let signer = KeyFiles::open(&archive.home().join(key), &[]).unwrap();
    let mut last = Instant::now();
    for deb in debs {
        change(archive, suite, Path::new(deb));
        std::thread::sleep(PACE.saturating_sub(last.elapsed()));
        last = Instant::now();
        let cpu = cpu_time();
        let outcome = archive
            .publish(suite, PublishMode::Due, &signer, &SystemClock)
            .unwrap();
        let (cpu, wall) = (cpu_time() - cpu, last.elapsed());
        let PublishOutcome::Published(report) = outcome else {
            panic!("{deb} changed nothing")
        };
        let stages: serde_json::Map<_, _> = report
            .stages
            .iter()
            .map(|(stage, took)| ((*stage).to_owned(), json!(*took as u64)))
            .collect();
        println!(
            "{}",
            json!({"cpu": milliseconds(cpu), "wall": milliseconds(wall), "stages": stages})
        );
    }
}

fn add(archive: &Archive, suite: &Suite, deb: &Path) {
    let place = SuiteComponent {
        suite,
        component: &suite.components[0],
    };
    let staging = Staging::new(archive.local()).unwrap();
    let arrival = UploadContext {
        now: SystemClock.now(),
        ..UploadContext::default()
    };
    let staged = archive
        .stage(&staging, File::open(deb).unwrap(), &place, &arrival)
        .unwrap();
    for answer in archive.commit(&[(staged, place)], SystemClock.now()).unwrap() {
        answer.unwrap();
    }
}

/// Takes out what `NAME_VERSION_ARCHITECTURE.deb` names.
fn remove(archive: &Archive, suite: &Suite, deb: &Path) {
    let file = deb.file_name().unwrap().to_str().unwrap();
    let selection = Selection {
        suite: Some(suite.codename.clone()),
        name: Some(file.split('_').next().unwrap().parse().unwrap()),
        ..Selection::default()
    };
    let removed = archive
        .catalog()
        .remove(std::slice::from_ref(&selection), None, SystemClock.now())
        .unwrap();
    assert_eq!(removed.len(), 1, "{file}");
}

fn fill(archive: &Archive, first: usize, count: usize) {
    let suite = &archive.config().suites[0];
    // The suites that are filled have no Contents, so nobody reads the lists of files.
    let paths = debian_archive::paths::pack(&[]).unwrap();
    let numbers: Vec<usize> = (first..first + count).collect();
    for batch in numbers.chunks(BATCH) {
        let sets: Vec<Vec<NewPlacement>> = batch
            .iter()
            .map(|number| vec![placement(suite, control(*number), paths.clone())])
            .collect();
        archive.catalog().place(&sets, SystemClock.now()).unwrap();
    }
}

fn placement(suite: &Suite, control: String, paths: Vec<u8>) -> NewPlacement {
    let fields = DebBuilder::from_control(&control);
    let value = |name: &str| fields.value(name).to_owned();
    let content = Content {
        sha256: sha256(control.as_bytes()),
        size: 40 * 1024,
        name: value("Package").parse().unwrap(),
        version: value("Version").parse().unwrap(),
        architecture: value("Architecture").parse().unwrap(),
        source: value("Package").parse().unwrap(),
        control,
        created_at: SystemClock.now(),
    };
    let path = PoolName {
        component: &suite.components[0],
        source: &content.source,
        file_name: &content.file_name(),
    }
    .path();
    NewPlacement {
        suite: suite.codename.clone(),
        component: suite.components[0].clone(),
        tree: suite.pool_tree().to_owned(),
        path,
        content: NewContent { content, paths },
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: archive_catalog::listing::Description::default(),
        by: None,
    }
}

/// Time that all threads of this process have spent on a processor.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }

    fn wait(&self, _: i64) {
        panic!("publishes are paced, so that none waits")
    }
}
