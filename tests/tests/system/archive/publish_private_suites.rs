//! A suite that becomes private, or public, with packages in it.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, TestArchive};

/// An archive with a package of each of two suites alone, and one of both, all published and pinned.
fn archive() -> TestArchive {
    let archive = TestArchive::init(&[
        "--url",
        "http://localhost",
        "--suite",
        "stable",
        "--suite",
        "inner",
    ]);
    archive.configure(
        "codename      = \"inner\"",
        "codename = \"inner\"\nsuite = \"inside\"",
    );
    for (suite, name) in [
        ("stable", "open"),
        ("inner", "secret"),
        ("stable", "both"),
        ("inner", "both"),
    ] {
        let file = DebBuilder::new(name, "1.0", "amd64").write_into(&archive.outside());
        archive
            .repogen(&["add", "--suite", suite, file.to_str().unwrap()])
            .ok();
    }
    archive.publish();
    archive.repogen(&["snapshot", "create"]).ok();
    archive.repogen(&["remove", "--suite", "inner", "both"]).ok();
    archive.publish();
    archive
}

/// Returns what is served to everybody and speaks of the suite or its own package.
fn leaks(archive: &TestArchive) -> String {
    let find = "find dists pool snapshots *.sources -name '*inner*' -o -name '*inside*' -o -name '*secret*'; \
                grep -rl -e inner -e secret repository.json dists pool snapshots *.sources";
    let found = archive.tool("sh").args(["-c", find]).output().unwrap();
    String::from_utf8(found.stdout).unwrap()
}

fn make_private(archive: &TestArchive) {
    archive.configure_last_suite("private = true");
}

fn check_private(archive: &TestArchive) {
    assert_eq!(leaks(archive), "");
    archive.repogen(&["verify"]).ok();
    assert!(
        archive
            .root()
            .join("pool/main/b/both/both_1.0_amd64.deb")
            .exists()
    );
    assert!(
        archive
            .root()
            .join("private/inner/pool/main/s/secret/secret_1.0_amd64.deb")
            .exists()
    );
    assert!(
        archive
            .read("private/inner/inner.sources")
            .contains("/private/inner/")
    );
    assert!(archive.root().join("private/inner/dists/inside").is_symlink());
    assert_eq!(
        archive
            .repogen(&["publish"])
            .ok()
            .stdout
            .matches("unchanged")
            .count(),
        2
    );
}

#[test]
fn nothing_of_a_suite_that_was_made_private_is_served_to_everybody() {
    let archive = archive();
    assert_ne!(leaks(&archive), "", "a control: it was public");
    make_private(&archive);
    let found = archive.repogen(&["verify"]);
    assert!(
        found.stdout.contains("dists/inner\t") || found.stdout.contains("dists/inner "),
        "{}",
        found.stdout
    );
    archive.publish();
    check_private(&archive);
    archive.repogen(&["prune"]).ok();
    check_private(&archive);
}

#[test]
fn a_suite_that_is_made_public_again_leaves_no_private_tree() {
    let archive = archive();
    make_private(&archive);
    archive.publish();
    archive.configure("private = true", "");
    archive.publish();
    assert!(!archive.root().join("private/inner").exists());
    assert!(
        archive
            .root()
            .join("pool/main/s/secret/secret_1.0_amd64.deb")
            .exists()
    );
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_publish_that_is_killed_while_a_suite_moves_is_finished_by_the_next() {
    let mut killed = 0;
    for at in (1..400).step_by(17) {
        let archive = archive();
        make_private(&archive);
        let calls = "fsync,fdatasync,unlink,unlinkat,rmdir,rename,renameat,linkat";
        if !archive.killed_at(calls, at, &["publish"]) {
            break;
        }
        killed += 1;
        archive.publish();
        check_private(&archive);
    }
    assert!(killed > 3, "only {killed} kills");
}
