//! What a command that was killed leaves, and that the next one takes it away.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, TestArchive};

/// The calls that make something last.
const SYNCS: &str = "fsync,fdatasync";

/// Returns how many packages lie in a pool.
fn pool_files(archive: &TestArchive, pool: &str) -> usize {
    let find = archive
        .tool("find")
        .args([pool, "-name", "*.deb"])
        .output()
        .unwrap();
    String::from_utf8(find.stdout).unwrap().lines().count()
}

#[test]
fn what_a_killed_add_left_in_the_pool_is_gone_with_the_next_command() {
    let archive = TestArchive::new();
    let by_hand = archive.root().join("pool/main/m/mine");
    std::fs::create_dir_all(&by_hand).unwrap();
    std::fs::write(by_hand.join("mine_1_all.deb"), "put there by hand").unwrap();
    let mut leftovers = 0;
    for at in 1..40 {
        let name = format!("p{at}");
        let file = DebBuilder::new(&name, "1.0", "all").write_into(&archive.outside());
        if !archive.killed_at(SYNCS, at, &["add", file.to_str().unwrap()]) {
            break;
        }
        let rows = |archive: &TestArchive| archive.repogen(&["list"]).ok().stdout.lines().count();
        let before = pool_files(&archive, "pool");
        let listed = rows(&archive);
        leftovers += before - 1 - listed;
        assert_eq!(pool_files(&archive, "pool"), 1 + listed, "killed at {at}");
    }
    assert!(leftovers > 0, "no kill left anything: this tests nothing");
    assert!(by_hand.join("mine_1_all.deb").exists());
    std::fs::remove_dir_all(by_hand).unwrap();
    archive.publish();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn what_a_killed_copy_left_in_a_private_pool_is_gone_with_the_next_command() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "inner"]);
    archive.configure_last_suite("private = true");
    let mut leftovers = 0;
    for at in 1..40 {
        let name = format!("p{at}");
        let file = DebBuilder::new(&name, "1.0", "all").write_into(&archive.outside());
        archive
            .repogen(&["add", "--suite", "stable", file.to_str().unwrap()])
            .ok();
        if !archive.killed_at(SYNCS, at, &["copy", "--from", "stable", "--to", "inner", &name]) {
            break;
        }
        let before = pool_files(&archive, "private/inner/pool");
        let listed = archive
            .repogen(&["list", "--suite", "inner"])
            .ok()
            .stdout
            .lines()
            .count();
        leftovers += before - listed;
        assert_eq!(
            pool_files(&archive, "private/inner/pool"),
            listed,
            "killed at {at}"
        );
    }
    assert!(leftovers > 0, "no kill left anything: this tests nothing");
    archive.publish();
    archive.repogen(&["verify"]).ok();
}
