//! `repogen backup` and `repogen restore`.

use archive_tests::{DebBuilder, TestArchive};
use std::fs;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn a_backup_restores_what_the_catalog_held() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), hello("1.1")]);
    archive.repogen(&["remove", "hello=1.0"]).ok();
    let file = archive.outside().join("backup").display().to_string();
    archive.repogen(&["backup", &file]).ok();
    let before = archive.repogen(&["list", "--json"]).ok().stdout;
    // What a new machine has: the served tree, and nothing of how it was made.
    for name in [
        "catalog.db",
        "catalog.db-wal",
        "catalog.db-shm",
        "repogen.toml",
        "keys",
        "state",
    ] {
        let path = archive.root().join(name);
        let gone = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        // Those beside the catalog come and go.
        assert!(
            gone.is_ok() || name.starts_with("catalog.db-"),
            "{name}: {gone:?}"
        );
    }
    archive.repogen(&["restore", &file]).ok();
    assert_eq!(archive.repogen(&["list", "--json"]).ok().stdout, before);
    archive.repogen(&["publish", "--force"]).ok();
    archive.repogen(&["verify"]).ok();
    // What was removed keeps its identity.
    archive
        .try_add(&[hello("1.0").file("etc/x", "other bytes")])
        .exits(1);
}
