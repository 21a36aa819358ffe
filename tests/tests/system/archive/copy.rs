//! `repogen copy`.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, TestArchive};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn copy_takes_the_newest_version_into_another_suite() {
    let archive = TestArchive::init(&["--suite", "testing", "--suite", "stable"]);
    for version in ["1.0", "1.0~rc1", "0.9"] {
        let deb = hello(version)
            .write_into(&archive.outside())
            .display()
            .to_string();
        archive.repogen(&["add", "--suite", "testing", &deb]).ok();
    }
    archive
        .repogen(&["copy", "--from", "testing", "--to", "stable", "hello"])
        .ok();
    archive.publish();
    let versions = |suite: &str| -> Vec<String> {
        archive
            .packages(suite, "main", "amd64")
            .iter()
            .map(|stanza| stanza["version"].clone())
            .collect()
    };
    assert_eq!(versions("stable"), ["1.0"]);
    assert_eq!(versions("testing").len(), 3);
}
