//! `repogen backup` and `repogen restore`.

use archive_tests::{DebBuilder, TestArchive};
use std::fs;
use std::path::PathBuf;

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
    lose_what_made_it(&archive);
    archive.repogen(&["restore", &file]).ok();
    assert_eq!(archive.repogen(&["list", "--json"]).ok().stdout, before);
    archive.repogen(&["publish", "--force"]).ok();
    archive.repogen(&["verify"]).ok();
    // What was removed keeps its identity.
    archive
        .try_add(&[hello("1.0").file("etc/x", "other bytes")])
        .exits(1);
}

/// Leaves of an archive what a new machine has: the served tree, and nothing of how it was made.
fn lose_what_made_it(archive: &TestArchive) {
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm", "repogen.toml"] {
        let _ = fs::remove_file(archive.root().join(name));
    }
    for name in ["keys", "state"] {
        let _ = fs::remove_dir_all(archive.root().join(name));
    }
}

/// What a restore puts into a root: each file with its bytes.
fn restored(archive: &TestArchive) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    let keys = fs::read_dir(archive.root().join("keys")).unwrap();
    let mut files: Vec<_> = keys.map(|entry| read(entry.unwrap().path())).collect();
    files.sort();
    files.extend(["catalog.db", "repogen.toml"].map(|name| read(archive.root().join(name))));
    files
}

#[test]
fn a_changed_backup_is_refused_and_leaves_nothing() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let file = archive.outside().join("backup");
    let path = file.display().to_string();
    archive.repogen(&["backup", &path]).ok();
    let whole = fs::read(&file).unwrap();
    lose_what_made_it(&archive);
    archive.repogen(&["restore", &path]).ok();
    let expected = restored(&archive);
    let names = || {
        let entries = fs::read_dir(archive.root()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    lose_what_made_it(&archive);
    let before = names();
    let changed = archive.outside().join("changed");
    let path = changed.display().to_string();
    let mut variants: Vec<(String, Vec<u8>)> = (0..24)
        .map(|part| {
            let at = whole.len() * part / 24;
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (part % 8);
            (format!("one bit at {at}"), bytes)
        })
        .collect();
    variants.push(("something after it".to_owned(), [&whole[..], b"more"].concat()));
    variants.push(("twice".to_owned(), whole.repeat(2)));
    variants.push(("cut".to_owned(), whole[..whole.len() - 3].to_vec()));
    let mut same = 0;
    for (what, bytes) in variants {
        fs::write(&changed, bytes).unwrap();
        let run = archive.repogen(&["restore", &path]);
        // Zstandard has bits that stand for nothing, such as one of the frame header (RFC 8878, 3.1.1.1.1): the files are whole.
        if run.code == 0 && what.starts_with("one bit") {
            assert!(restored(&archive) == expected, "{what}: other files");
            lose_what_made_it(&archive);
            same += 1;
        } else {
            let message = run.exits(1).stderr;
            assert!(message.contains("is not a backup"), "{what}: {message}");
        }
        assert_eq!(names(), before, "{what}");
    }
    assert!(same < 6, "{same} of 24 changed bits changed nothing");
    archive.repogen(&["restore", &file.display().to_string()]).ok();
}

#[test]
fn a_restore_that_was_killed_is_run_again() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let file = archive.outside().join("backup").display().to_string();
    archive.repogen(&["backup", &file]).ok();
    let before = archive.repogen(&["list", "--json"]).ok().stdout;
    lose_what_made_it(&archive);
    archive.repogen(&["restore", &file]).ok();
    // As a kill before the last step leaves it: the configuration is put there last.
    fs::remove_file(archive.root().join("repogen.toml")).unwrap();
    let left = archive.root().join(".restore-killed");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("catalog.db"), "half").unwrap();
    archive.repogen(&["restore", &file]).ok();
    assert!(!left.exists());
    assert_eq!(archive.repogen(&["list", "--json"]).ok().stdout, before);
    // Another catalog, or another key, is nobody's to overwrite.
    fs::remove_file(archive.root().join("repogen.toml")).unwrap();
    let key = archive.root().join("keys/archive.pgp");
    let other = fs::read(&key).unwrap().repeat(2);
    fs::write(&key, &other).unwrap();
    archive.repogen(&["restore", &file]).exits(1);
    assert_eq!(fs::read(&key).unwrap(), other);
}
