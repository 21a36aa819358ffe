//! What changes goes live by itself.

use super::{drop_whole, ends_well, live, package, until_live};
use archive_tests::{TestArchive, Watching};
use std::fs;

#[test]
fn what_another_process_changes_goes_live_by_itself() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    archive.add(&[package("hello", "1.0")]);
    until_live(&mut watching, &archive, "hello", "1.0");
    archive.repogen(&["remove", "hello"]).ok();
    watching.until("hello is gone", |_| live(&archive, "hello").is_empty());
    ends_well(watching, &archive);
}

#[test]
fn many_changes_are_few_publishes() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let count = 40;
    for number in 0..count {
        drop_whole(
            &archive,
            "stable/main",
            &package(&format!("package-{number}"), "1.0"),
        );
    }
    let total = format!("stable\tpublished\t{count}\t");
    watching.until("all are live", |watching| watching.stdout().contains(&total));
    let run = ends_well(watching, &archive);
    let publishes = run.stdout.matches("\tpublished\t").count();
    assert!(publishes <= count / 2, "{publishes} publishes\n{}", run.report());
}

#[test]
fn a_release_is_signed_again_before_its_validity_ends() {
    let archive = TestArchive::new();
    archive.configure_last_suite("valid_for = \"6s\"");
    let mut watching = Watching::start(&archive);
    for _ in 0..2 {
        let before = archive.read("dists/stable/InRelease");
        watching.until("it is signed again", |_| {
            archive.read("dists/stable/InRelease") != before
        });
    }
    ends_well(watching, &archive);
}

#[test]
fn one_suite_that_cannot_be_published_does_not_hold_the_others() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "testing"]);
    let folder = archive.root().join("dists/testing");
    let aside = archive.root().with_file_name("testing");
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let mut watching = Watching::start(&archive);
    watching.until("it is told", |watching| {
        watching
            .stderr()
            .contains("publishing suite `testing` will be retried")
    });
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    watching.until("it can be published again", |watching| {
        watching
            .stderr()
            .contains("suite `testing` can be published again")
    });
    let run = ends_well(watching, &archive);
    assert_eq!(
        run.stderr
            .matches("publishing suite `testing` will be retried")
            .count(),
        1,
        "{}",
        run.report()
    );
}

#[test]
fn one_watch_runs_on_an_archive() {
    let archive = TestArchive::new();
    let watching = Watching::start(&archive);
    let run = archive.repogen(&["watch"]).exits(3);
    assert!(run.stderr.contains("state/watch.lock"), "{}", run.report());
    ends_well(watching, &archive);
}

#[test]
fn other_commands_publish_beside_it() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    for version in ["1.0", "1.1", "1.2"] {
        archive.add(&[package("hello", version)]);
        archive.publish();
    }
    until_live(&mut watching, &archive, "hello", "1.2");
    ends_well(watching, &archive);
}

#[test]
fn retention_is_applied() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    let stray = archive.root().join("pool/main/h/hello/hello_9.9_amd64.deb");
    fs::write(&stray, "stray").unwrap();
    let mut watching = Watching::start(&archive);
    watching.until("what nothing names is gone", |watching| {
        watching
            .stdout()
            .contains("deleted\tpool/main/h/hello/hello_9.9_amd64.deb\t")
    });
    assert!(!stray.exists());
    ends_well(watching, &archive);
}
