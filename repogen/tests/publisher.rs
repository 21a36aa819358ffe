//! A publisher inside a process: woken by it, and stopped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use archive_catalog::{Content, NewContent, NewPlacement, PlacementOutcome};
use debian_archive::archive::Archive;
use debian_archive::location::ArchiveLocation;
use debian_archive::publish::Clock;
use debian_archive::publisher::{Publisher, PublisherDeps, PublisherSetup};
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

struct Machine;

impl Clock for Machine {
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }

    fn wait(&self, seconds: i64) {
        std::thread::sleep(Duration::from_secs(u64::try_from(seconds).unwrap()));
    }
}

fn archive(root: &Path) -> Arc<Archive> {
    let made = Command::new(env!("CARGO_BIN_EXE_repogen"))
        .args(["init", "--suite", "stable", "--root"])
        .arg(root)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    Arc::new(Archive::open(&ArchiveLocation::folder(root)).unwrap())
}

fn start(archive: &Arc<Archive>) -> Publisher {
    let signer =
        debian_archive::sign::open(&archive.config().signing, archive.home(), Machine.now()).unwrap();
    let setup = PublisherSetup {
        archive: archive.clone(),
        signer,
    };
    let deps = PublisherDeps {
        clock: Arc::new(Machine),
        report: Box::new(|_| {}),
        // Nothing but the publisher's own process wakes it.
    };
    Publisher::start(setup, deps).unwrap()
}

/// Puts a package into the catalog, and returns the revision that has it.
fn change(archive: &Archive, version: &str) -> i64 {
    let control = format!("Package: hello\nVersion: {version}\nArchitecture: all\n");
    let content = Content {
        sha256: Sha256::from_bytes([version.len().try_into().unwrap(); 32]),
        size: 1,
        name: "hello".parse().unwrap(),
        version: version.parse().unwrap(),
        architecture: "all".parse().unwrap(),
        source: "hello".parse().unwrap(),
        control,
        created_at: 0,
    };
    let placement = NewPlacement {
        suite: stable(),
        component: "main".parse().unwrap(),
        tree: String::new(),
        path: format!("pool/main/h/hello/hello_{version}_all.deb"),
        content: NewContent {
            content,
            paths: debian_archive::paths::pack(&[]).unwrap(),
        },
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: archive_catalog::listing::Description::default(),
        by: None,
    };
    assert_eq!(
        archive.catalog().place(&[vec![placement]], 0).unwrap(),
        [Ok(vec![PlacementOutcome::Added])]
    );
    archive.catalog().progress().unwrap().remove(0).revision
}

fn stable() -> SuiteName {
    "stable".parse().unwrap()
}

/// Waits until what the suite holds is published.
fn wait_published(archive: &Archive, revision: i64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let progress = archive.catalog().progress().unwrap().remove(0);
        if progress.is_published() && progress.revision >= revision {
            return;
        }
        assert!(Instant::now() < deadline, "{progress:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_it_is_notified_of_goes_live() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let publisher = start(&archive);
    for version in ["1", "1.0.1", "1.0.1.1.1"] {
        let revision = change(&archive, version);
        publisher.notify();
        wait_published(&archive, revision);
    }
    publisher.stop();
}

#[test]
fn it_stops_at_once_when_it_has_nothing_to_do() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let publisher = start(&archive);
    let asked = Instant::now();
    publisher.request_stop();
    publisher.stop();
    // It looks every two seconds, and a stop must not wait for that in a chain of services that end.
    assert!(asked.elapsed() < Duration::from_secs(30));
}
