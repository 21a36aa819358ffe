//! `repogen verify`: nothing to say of a good tree, and each kind of damage found.

use archive_tests::{DebBuilder, Run, TestArchive};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

const POOL_FILE: &str = "pool/main/h/hello/hello_1.0_amd64.deb";

fn published() -> TestArchive {
    let archive = TestArchive::new();
    let hello = |version| DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", version);
    archive.add(&[hello("1.0"), hello("1.1")]);
    archive.publish();
    archive
}

/// Runs `verify --json` on a damaged archive and returns the kinds and paths of what it found.
fn findings(archive: &TestArchive) -> Vec<(String, String)> {
    let run = archive.repogen(&["verify", "--json"]).exits(1);
    let findings = run.stdout.lines().map(|line| {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| {
            finding[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {line}"))
                .to_owned()
        };
        assert!(!text("detail").is_empty(), "{line}");
        (text("kind"), text("path"))
    });
    findings.collect()
}

#[track_caller]
fn found(archive: &TestArchive, kind: &str, path: &str) {
    let findings = findings(archive);
    assert!(
        findings
            .iter()
            .any(|(found, at)| found == kind && at.ends_with(path)),
        "no `{kind}` at `{path}` in {findings:?}"
    );
}

/// Changes one byte in the middle of a file. Its time stays, as it would when a disk did it.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    replace(path, &bytes);
}

fn replace(path: &Path, bytes: &[u8]) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
}

fn first_file(folder: PathBuf) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.remove(0)
}

#[test]
fn a_good_tree_is_passed_without_a_word() {
    for command in [
        &["verify"][..],
        &["verify", "--json"],
        &["verify", "--suite", "stable"],
    ] {
        let run = published().repogen(command).ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
}

#[test]
fn a_flipped_byte_in_the_pool_is_found() {
    let archive = published();
    flip(&archive.root().join(POOL_FILE));
    found(&archive, "pool-corrupt", POOL_FILE);
}

#[test]
fn a_missing_pool_file_is_found() {
    let archive = published();
    fs::remove_file(archive.root().join(POOL_FILE)).unwrap();
    let findings = findings(&archive);
    let kinds = ["pool-missing", "row-without-file"];
    assert!(
        findings
            .iter()
            .any(|(kind, at)| kinds.contains(&kind.as_str()) && at == POOL_FILE),
        "{findings:?}"
    );
}

#[test]
fn a_file_that_no_row_knows_is_found() {
    let archive = published();
    fs::write(archive.root().join("pool/main/h/hello/stray_1.0_amd64.deb"), "x").unwrap();
    found(&archive, "pool-orphan", "stray_1.0_amd64.deb");
}

#[test]
fn what_is_no_regular_file_is_found_in_the_pool() {
    let archive = published();
    let link = archive.root().join("pool/main/h/hello/linked_1.0_amd64.deb");
    symlink(archive.root().join(POOL_FILE), &link).unwrap();
    found(&archive, "pool-orphan", "linked_1.0_amd64.deb");
    fs::remove_file(link).unwrap();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn an_alias_that_leads_elsewhere_is_found_and_mended() {
    let archive = TestArchive::init(&["--suite", "one", "--suite", "two"]);
    archive.configure_last_suite("suite = \"due\"");
    archive.publish();
    let alias = archive.root().join("dists/due");
    archive.repogen(&["verify"]).ok();
    for target in [None, Some("one"), Some("/etc")] {
        fs::remove_file(&alias).unwrap();
        if let Some(target) = target {
            symlink(target, &alias).unwrap();
        }
        found(&archive, "index-stale", "dists/due");
        assert_eq!(archive.publish().rows()[1], ["two", "unchanged"]);
        assert_eq!(fs::read_link(&alias).unwrap(), Path::new("two"));
        archive.repogen(&["verify"]).ok();
    }
}

#[test]
fn what_machines_are_set_up_with_is_checked() {
    let archive = TestArchive::init(&["--url", "https://apt.example.org"]);
    let other = TestArchive::init(&["--url", "https://apt.example.org"]);
    for name in ["stable.sources", "archive-keyring.asc", "repository.json"] {
        let path = archive.root().join(name);
        let good = fs::read(&path).unwrap();
        fs::copy(other.root().join(name), &path).unwrap();
        found(&archive, "index-stale", name);
        fs::remove_file(&path).unwrap();
        found(&archive, "index-stale", name);
        archive.publish();
        assert_eq!(fs::read(&path).unwrap(), good, "{name}");
        archive.repogen(&["verify"]).ok();
    }
    // A setting that waits for a publish is no damage.
    archive.configure("https://apt.example.org", "https://deb.example.org");
    archive.repogen(&["verify"]).ok();
    archive.publish();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn what_repogen_did_not_write_into_dists_is_to_be_deleted() {
    let archive = published();
    let strays = ["dists/three", "dists/evil"].map(|path| archive.root().join(path));
    fs::create_dir(&strays[0]).unwrap();
    symlink("/etc", &strays[1]).unwrap();
    let run = archive.repogen(&["verify"]).exits(1);
    assert_eq!(
        run.stdout
            .lines()
            .filter(|line| line.contains("delete it"))
            .count(),
        2,
        "{}",
        run.report()
    );
}

#[test]
fn a_row_without_a_file_is_found_although_no_index_names_it() {
    let archive = published();
    archive.repogen(&["remove", "hello=1.0"]).ok();
    archive.publish();
    fs::remove_file(archive.root().join(POOL_FILE)).unwrap();
    found(&archive, "row-without-file", POOL_FILE);
}

#[test]
fn a_stale_index_is_found() {
    let archive = published();
    // A package that was put in and not published yet is no damage; an index that lost one is.
    let suite = archive.root().join("dists/stable");
    let older = suite.join("main/binary-amd64/Packages.xz");
    replace(
        &older,
        &fs::read(suite.join("main/binary-arm64/Packages.xz")).unwrap(),
    );
    found(&archive, "index-stale", "main/binary-amd64/Packages.xz");
}

#[test]
fn a_wrong_by_hash_file_is_found() {
    let archive = published();
    let file = first_file(
        archive
            .root()
            .join("dists/stable/main/binary-amd64/by-hash/SHA256"),
    );
    flip(&file);
    found(
        &archive,
        "byhash-wrong",
        file.file_name().unwrap().to_str().unwrap(),
    );
}

#[test]
fn a_bad_signature_is_found_in_each_of_the_two_forms() {
    let archive = published();
    let path = archive.root().join("dists/stable/InRelease");
    let text = archive.read("dists/stable/InRelease");
    replace(
        &path,
        text.replacen("Components: main", "Components: mein", 1)
            .as_bytes(),
    );
    found(&archive, "signature-bad", "dists/stable/InRelease");

    let archive = published();
    let other = published();
    let path = "dists/stable/Release.gpg";
    replace(&archive.root().join(path), other.read(path).as_bytes());
    found(&archive, "signature-bad", path);
}

#[test]
fn a_release_or_signature_that_cannot_be_read_is_reported_as_that() {
    for (name, kind) in [("Release", "index-stale"), ("Release.gpg", "signature-bad")] {
        let archive = published();
        let path = archive.root().join("dists/stable").join(name);
        fs::remove_file(&path).unwrap();
        // A folder can be opened, and not be read.
        fs::create_dir(&path).unwrap();
        let run = archive.repogen(&["verify"]).exits(1);
        let lines: Vec<&str> = run.stdout.lines().filter(|line| line.contains(kind)).collect();
        assert!(
            !lines.is_empty()
                && lines
                    .iter()
                    .all(|line| line.contains("cannot be read") || line.contains("cannot read")),
            "{}",
            run.report()
        );
    }
}

#[test]
fn a_release_past_its_time_is_found() {
    let archive = published();
    archive.configure_last_suite("valid_for = \"1s\"");
    archive.repogen(&["publish", "--force"]).ok();
    let written = fs::metadata(archive.root().join("dists/stable/InRelease"))
        .unwrap()
        .modified()
        .unwrap();
    let expiry = written + Duration::from_millis(2200);
    std::thread::sleep(expiry.duration_since(SystemTime::now()).unwrap_or_default());
    found(&archive, "expired", "dists/stable/InRelease");
}

#[test]
fn without_json_a_finding_is_a_line_for_people() {
    let archive = published();
    flip(&archive.root().join(POOL_FILE));
    let run = archive.repogen(&["verify"]).exits(1);
    assert!(
        run.stdout
            .lines()
            .any(|line| line.contains("pool-corrupt") && line.contains(POOL_FILE)),
        "{}",
        run.report()
    );
}

#[test]
fn what_verify_passes_gpgv_and_sha256sum_pass_too() {
    let archive = published();
    archive.repogen(&["verify"]).ok();
    let suite = archive.root().join("dists/stable");
    let release = archive.read("dists/stable/Release");
    let list: String = archive_tests::index::listed(&release)
        .iter()
        .filter(|file| suite.join(&file.path).exists())
        .map(|file| format!("{}  {}\n", file.sha256, file.path))
        .collect();
    let sums = archive.outside().join("sums");
    fs::write(&sums, list).unwrap();
    Run::of(
        Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet"])
            .arg(sums)
            .current_dir(suite),
    )
    .ok();
}
