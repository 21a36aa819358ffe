//! A configuration that changes under `repogen watch`.

use super::{drop_whole, ends_well, package, until_live};
use archive_tests::{TestArchive, Watching};
use std::fs;

#[test]
fn a_changed_configuration_is_used_and_a_broken_one_is_not() {
    let archive = TestArchive::new();
    let mut watching = Watching::start(&archive);
    let good = archive.read("repogen.toml");
    archive.configure_last_suite("no_such_key = 1");
    watching.until("it is told", |watching| watching.stderr().contains("no_such_key"));
    // The settings of before stay in use.
    drop_whole(&archive, "stable/main", &package("hello", "1.0"));
    until_live(&mut watching, &archive, "hello", "1.0");

    fs::write(
        archive.root().join("repogen.toml"),
        good.replace("[\"main\"", "[\"main\", \"extra\""),
    )
    .unwrap();
    watching.until("the new component is live", |_| {
        archive
            .read("dists/stable/InRelease")
            .contains("extra/binary-amd64/Packages.gz")
    });
    watching.until("it has a folder", |_| {
        archive.root().join("incoming/stable/extra").is_dir()
    });
    drop_whole(&archive, "stable/extra", &package("more", "1.0"));
    watching.until("a package goes there", |_| {
        archive
            .root()
            .join("pool/extra/m/more/more_1.0_amd64.deb")
            .exists()
    });
    ends_well(watching, &archive);
}

#[test]
fn it_does_not_start_with_a_broken_configuration() {
    let archive = TestArchive::new();
    archive.configure_last_suite("no_such_key = 1");
    let run = archive.repogen(&["watch"]).exits(2);
    assert!(run.stderr.contains("no_such_key"), "{}", run.report());
}
