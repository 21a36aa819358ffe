//! `repogen publish`.

use super::state;
use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Run, TestArchive};
use std::fs;
use std::process::Command;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn publish_says_one_line_a_suite() {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    let deb = hello("1.0").write_into(&archive.outside()).display().to_string();
    archive.repogen(&["add", "--suite", "trixie", &deb]).ok();
    let published = archive.publish();
    let rows = published.rows();
    assert_eq!(rows.len(), 2, "{}", published.report());
    assert_eq!(rows[0], ["bookworm", "unchanged"]);
    assert_eq!(rows[1][..5], ["trixie", "published", "1", "1", "0"]);
    assert!(rows[1][5].parse::<u64>().is_ok(), "{}", published.report());

    archive.repogen(&["remove", "--suite", "trixie", "hello"]).ok();
    let published = archive.repogen(&["publish", "--suite", "trixie"]).ok();
    assert_eq!(published.rows()[0][..5], ["trixie", "published", "0", "0", "1"]);
}

#[test]
fn publishing_twice_writes_nothing() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let before = state(&archive.root().join("dists"));
    assert_eq!(archive.publish().rows(), [["stable", "unchanged"]]);
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn a_missing_signing_key_is_a_signing_failure_and_leaves_what_is_published() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let before = state(&archive.root().join("dists"));
    fs::rename(archive.root().join("keys"), archive.root().join("keys.away")).unwrap();
    archive.repogen(&["publish"]).exits(4);
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn publishes_within_a_second_are_signed_by_the_clock_and_never_ahead_of_it() {
    let archive = TestArchive::init(&["--architecture", "amd64"]);
    let root = archive.root();
    let mut dates = std::collections::BTreeSet::new();
    for _ in 0..6 {
        archive.repogen(&["publish", "--force"]).ok();
        let text = archive.read("dists/stable/InRelease");
        let date = text.lines().find(|line| line.starts_with("Date: ")).unwrap();
        assert!(dates.insert(date.to_owned()), "`{date}` was there before");
        // What apt of Debian 13 and later verifies with: a signature of the future is not live yet to it.
        Run::of(
            Command::new("sqv")
                .arg("--keyring")
                .arg(root.join("archive-keyring.pgp"))
                .arg(root.join("dists/stable/Release.gpg"))
                .arg(root.join("dists/stable/Release")),
        )
        .ok();
    }
}
