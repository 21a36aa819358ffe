//! `repogen remove`.

use archive_tests::{DebBuilder, TestArchive};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn remove_takes_one_version_or_one_architecture_or_all() {
    let archive = TestArchive::new();
    let for_arm = |version| DebBuilder::new("hello", version, "arm64");
    archive.add(&[hello("1.0"), hello("1.1"), for_arm("1.0"), for_arm("1.1")]);
    let left = || {
        archive.publish();
        ["amd64", "arm64"].map(|architecture| archive.packages("stable", "main", architecture).len())
    };
    archive
        .repogen(&["remove", "hello=1.0", "--architecture", "amd64"])
        .ok();
    assert_eq!(left(), [1, 2]);
    archive.repogen(&["remove", "hello=1.1"]).ok();
    assert_eq!(left(), [0, 1]);
    archive.repogen(&["remove", "hello"]).ok();
    assert_eq!(left(), [0, 0]);
    archive.repogen(&["remove", "hello"]).exits(1);
}
