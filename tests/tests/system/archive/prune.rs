//! `repogen prune`: what is still fetchable stays, what nothing needs goes, and an identity is never given away.

use archive_tests::{DebBuilder, Run, TestArchive};
use std::path::PathBuf;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", version)
}

fn pool_file(archive: &TestArchive, version: &str) -> PathBuf {
    archive
        .root()
        .join(format!("pool/main/h/hello/hello_{version}_amd64.deb"))
}

/// Publishes as often as generations are kept, so that what came before is none of them.
fn pass_generations(archive: &TestArchive) {
    for _ in 0..3 {
        archive.repogen(&["publish", "--force"]).ok();
    }
}

/// Returns the lines about the pool.
fn of_the_pool(run: &Run) -> String {
    run.stdout
        .lines()
        .filter(|line| line.contains("\tpool/"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Counts the by-hash files of the amd64 index.
fn generations(archive: &TestArchive) -> usize {
    let folder = archive
        .root()
        .join("dists/stable/main/binary-amd64/by-hash/SHA256");
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_removed_package_stays_fetchable_for_its_time_and_no_longer() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), hello("1.1")]);
    archive.publish();
    archive.repogen(&["remove", "hello=1.0"]).ok();
    archive.publish();
    pass_generations(&archive);
    archive.configure_last_suite("keep_snapshots_for = \"1d\"");

    assert_eq!(of_the_pool(&archive.repogen_at("+20h", &["prune"]).ok()), "");
    assert!(pool_file(&archive, "1.0").exists());

    let told = archive.repogen_at("+26h", &["prune", "--dry-run"]).ok();
    assert!(
        told.stdout
            .contains("deleted\tpool/main/h/hello/hello_1.0_amd64.deb\t"),
        "{}",
        told.report()
    );
    assert!(pool_file(&archive, "1.0").exists());

    let done = archive.repogen_at("+26h", &["prune"]).ok();
    assert_eq!(of_the_pool(&done), of_the_pool(&told));
    assert!(!pool_file(&archive, "1.0").exists() && pool_file(&archive, "1.1").exists());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn an_identity_outlives_its_file() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    pass_generations(&archive);
    archive.repogen_at("+30d", &["prune"]).ok();
    assert!(!pool_file(&archive, "1.0").exists());

    let other = hello("1.0").file("usr/share/other", "other bytes");
    let run = archive.try_add(&[other]).exits(1);
    assert!(
        run.stdout.contains("rejected") && run.stdout.contains("other bytes"),
        "{}",
        run.report()
    );
    assert_eq!(archive.add(&[hello("1.0")]).rows()[0][0], "added");
}

#[test]
fn a_path_that_was_served_has_no_other_bytes_after_its_file_is_gone() {
    let archive = TestArchive::new();
    archive.add(&[hello("1:1.0")]);
    archive.publish();
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    pass_generations(&archive);
    archive.configure_last_suite("keep_snapshots_for = \"1d\"");
    archive.repogen_at("+26h", &["prune"]).ok();
    let path = pool_file(&archive, "1.0");
    assert!(!path.exists());

    // The same file name by another epoch: caches may keep the old bytes under the old path for a year.
    archive.add(&[hello("2:1.0")]);
    archive.publish();
    assert!(!path.exists());
    let deb = walk(&archive.root().join("pool"));
    let [deb] = deb.as_slice() else { panic!("{deb:?}") };
    assert_eq!(deb.file_name(), path.file_name());
    assert_eq!(deb.parent().unwrap().parent(), path.parent());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn what_a_removal_that_is_not_published_yet_named_stays() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    archive.repogen(&["remove", "hello"]).ok();
    archive.repogen_at("+30d", &["prune"]).ok();
    assert!(pool_file(&archive, "1.0").exists());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn old_generations_go_and_the_newest_stay() {
    let archive = TestArchive::new();
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"] {
        archive.add(&[hello(version)]);
        archive.publish();
    }
    let before = generations(&archive);
    archive.repogen(&["prune"]).ok();
    assert_eq!(
        generations(&archive),
        before,
        "all of them were live within the hour"
    );

    archive.repogen_at("+2h", &["prune"]).ok();
    // Three forms and the chunk list of three generations, and the Release that all of them share.
    assert_eq!(generations(&archive), 4 * 3 + 1);
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn no_more_versions_stay_than_a_suite_wants() {
    let archive = TestArchive::new();
    archive.configure_last_suite("keep_versions = 2");
    archive.add(&[hello("1.9"), hello("1.10"), hello("1.10~rc1"), hello("2:0.1")]);
    archive.publish();
    let run = archive.repogen(&["prune"]).ok();
    let gone: Vec<Vec<&str>> = run.rows().into_iter().filter(|row| row[0] == "removed").collect();
    assert_eq!(
        gone,
        [
            ["removed", "stable", "hello", "1.9", "amd64"],
            ["removed", "stable", "hello", "1.10~rc1", "amd64"]
        ]
    );
    let published = archive.publish();
    assert_eq!(published.rows()[0][1..5], ["published", "2", "0", "2"]);
}

#[test]
fn what_a_cut_off_add_left_in_the_pool_goes() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let stray = pool_file(&archive, "9.9");
    std::fs::write(&stray, "stray").unwrap();
    archive.repogen(&["prune"]).ok();
    assert!(!stray.exists() && pool_file(&archive, "1.0").exists());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn what_cannot_be_read_stops_the_prune_of_what_it_may_name() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let chunks = || {
        walk(&archive.root().join("state/chunks"))
            .into_iter()
            .filter(|path| path.is_file())
            .count()
    };
    let before = chunks();
    assert!(before > 0);
    let manifest = archive
        .root()
        .join("state/indexes/stable/main/binary-amd64/Packages.json");
    std::fs::write(&manifest, "{").unwrap();
    // The rest is pruned all the same.
    let orphan = archive.root().join("pool/main/h/hello/stray_1.0_amd64.deb");
    std::fs::write(&orphan, "x").unwrap();
    let run = archive.repogen(&["prune"]).exits(3);
    assert!(
        run.stderr
            .contains("state/indexes/stable/main/binary-amd64/Packages.json"),
        "{}",
        run.report()
    );
    assert_eq!(chunks(), before);
    assert!(!orphan.exists());

    // A damaged Release names by-hash files that nobody knows of, until the next publish replaces it.
    archive.add(&[hello("1.1")]);
    archive.publish();
    let release = archive.root().join("dists/stable/Release");
    std::fs::write(&release, "no release").unwrap();
    let generations_before = generations(&archive);
    let run = archive.repogen_at("+20d", &["prune"]).exits(3);
    assert!(run.stderr.contains("dists/stable/Release"), "{}", run.report());
    assert_eq!(generations(&archive), generations_before);
    archive.publish();
    archive.repogen(&["prune"]).ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

#[test]
fn what_a_publish_that_was_cut_off_names_stays() {
    let archive = TestArchive::new();
    archive.configure_last_suite("keep_removed_for = \"1h\"\nkeep_snapshots_for = \"1h\"");
    archive.publish();
    archive.add(&[hello("1.0")]);
    let before = archive.read("dists/stable/InRelease");
    let mut at = 1;
    while archive.read("dists/stable/InRelease") == before {
        let is_killed = archive.killed_at("rename,renameat,renameat2,fsync,fdatasync", at, &["publish"]);
        assert!(is_killed, "no kill came between InRelease and its record");
        at += 1;
    }
    archive.repogen(&["remove", "hello"]).ok();
    let run = archive.repogen_at("+2h", &["prune"]);
    assert!(
        run.code == 3 && run.stderr.contains("is not recorded"),
        "{}",
        run.report()
    );
    assert!(pool_file(&archive, "1.0").exists());
    archive.publish();
    archive.repogen_at("+2h", &["prune"]).ok();
    assert!(!pool_file(&archive, "1.0").exists());
}
