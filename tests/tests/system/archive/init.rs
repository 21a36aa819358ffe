//! `repogen init`.

use super::state;
use archive_tests::{Run, TestArchive};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

#[test]
fn init_makes_an_empty_signed_suite_that_gpgv_accepts() {
    let archive = TestArchive::new();
    let release = archive.read("dists/stable/Release");
    for line in ["Codename: stable", "Components: main", "Acquire-By-Hash: yes"] {
        assert!(
            release.lines().any(|found| found == line),
            "no `{line}` in:\n{release}"
        );
    }
    let architectures = release
        .lines()
        .find_map(|line| line.strip_prefix("Architectures: "))
        .unwrap();
    assert!(
        architectures.contains("amd64") && architectures.contains("arm64"),
        "{architectures}"
    );
    assert_eq!(archive.packages("stable", "main", "amd64"), []);
    let keyring = archive.root().join("archive-keyring.pgp");
    let signed = archive.root().join("dists/stable/InRelease");
    Run::of(Command::new("gpgv").arg("--keyring").arg(keyring).arg(signed)).ok();
}

#[test]
fn secret_keys_are_for_their_owner_only() {
    let archive = TestArchive::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    let keys = archive.root().join("keys");
    assert_eq!(mode(&keys), 0, "keys/");
    for entry in fs::read_dir(keys).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0, "{}", path.display());
    }
}

#[test]
fn init_refuses_to_overwrite() {
    let archive = TestArchive::new();
    let before = state(&archive.root());
    let again = archive.repogen(&["init"]);
    assert_ne!(again.code, 0, "{}", again.report());
    assert_eq!(state(&archive.root()), before);
}

#[test]
fn init_leaves_a_store_alone_that_another_archive_is_served_from() {
    let there = TestArchive::new();
    let archive = TestArchive::empty();
    let init = |storage: &Path| {
        let mut command = archive.command(&["init", "--suite", "another"]);
        Run::of(command.env("STORAGE_URL", storage))
    };
    for gone in [
        None,
        Some("archive-keyring.pgp"),
        Some("archive-keyring.asc"),
        Some("repository.json"),
    ] {
        if let Some(gone) = gone {
            fs::remove_file(there.root().join(gone)).unwrap();
        }
        let before = state(&there.root());
        let refused = init(&there.root()).exits(1);
        assert!(refused.stderr.contains("already exists"), "{}", refused.report());
        assert!(state(&there.root()) == before);
        // So that the next one finds nothing in its way.
        assert_eq!(fs::read_dir(archive.home()).unwrap().count(), 0);
    }
    init(&archive.outside()).ok();
}

#[test]
fn an_init_that_was_killed_is_run_again() {
    for calls in ["openat", "mkdir,mkdirat,rename,renameat2,linkat"] {
        let mut at = 1;
        loop {
            let archive = TestArchive::empty();
            fs::create_dir(archive.outside()).unwrap();
            // In larger steps, the further it came: each is an archive.
            if !archive.killed_at(calls, at, &["init"]) {
                break;
            }
            if archive.root().join("repogen.toml").exists() {
                archive.publish();
            } else {
                archive.repogen(&["init"]).ok();
            }
            archive.repogen(&["verify"]).ok();
            at += 1 + at / 2;
        }
        assert!(at > 2, "{calls}");
    }
}
