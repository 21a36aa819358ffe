//! A publisher inside a process: woken by it, and waited for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use archive_catalog::DatabaseUrl;
use archive_catalog::{Content, NewContent, NewPlacement, PlacementOutcome};
use debian_archive::archive::Archive;
use debian_archive::publish::Clock;
use debian_archive::publisher::{Publisher, Setup, Surroundings};
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
    Arc::new(Archive::open(root, &DatabaseUrl::of_archive(root, None).unwrap()).unwrap())
}

fn start(archive: &Arc<Archive>) -> Publisher {
    let signer =
        debian_archive::sign::open(&archive.config().signing, archive.root(), Machine.now()).unwrap();
    let setup = Setup {
        archive: archive.clone(),
        signer,
    };
    let surroundings = Surroundings {
        clock: Arc::new(Machine),
        report: Box::new(|_| {}),
        // Nothing but the publisher's own process wakes it.
        catalog: None,
    };
    Publisher::start(setup, surroundings).unwrap()
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
    let wish = NewPlacement {
        suite: stable(),
        component: "main".parse().unwrap(),
        tree: String::new(),
        path: format!("pool/main/h/hello/hello_{version}_all.deb"),
        content: NewContent {
            content,
            paths: debian_archive::paths::pack(&[]).unwrap(),
        },
        by: None,
    };
    assert_eq!(
        archive.catalog().place(&[vec![wish]], 0).unwrap(),
        [Ok(vec![PlacementOutcome::Added])]
    );
    archive.catalog().progress().unwrap().remove(0).revision
}

fn stable() -> SuiteName {
    "stable".parse().unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[test]
fn a_revision_that_was_waited_for_is_live() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let publisher = start(&archive);
    for version in ["1", "1.0.1", "1.0.1.1.1"] {
        let revision = change(&archive, version);
        assert!(publisher.wait_published(&stable(), revision, soon()));
        let progress = archive.catalog().progress().unwrap().remove(0);
        assert!(progress.is_published());
    }
    publisher.stop();
}

#[test]
fn a_wait_ends_at_its_deadline_and_when_the_publisher_stops() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let publisher = start(&archive);
    let revision = change(&archive, "1");
    let never = revision + 1;
    assert!(!publisher.wait_published(&stable(), never, Instant::now()));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| publisher.wait_published(&stable(), never, soon()));
        publisher.request_stop();
        assert!(!waiting.join().unwrap());
    });
}
