//! `repogen.toml` that changes under a running server.

use super::archive;
use archive_tests::{DebBuilder, Uploader, Watching};

const READ_AGAIN: &str = "repogen.toml was reloaded";

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn a_changed_configuration_is_in_use_without_a_restart() {
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    let missing = server.upload(&hello("1.0"), "suite=testing", &token);
    assert_eq!(missing.status, 404, "{}", missing.text());
    archive.configure_last_suite("[[suite]]\ncodename = \"testing\"\narchitectures = [\"riscv64\"]");
    server.logged(READ_AGAIN, 1);
    let package = DebBuilder::new("hello", "1.0", "riscv64");
    let there = server.upload(&package, "suite=testing&wait=published", &token);
    assert_eq!(there.status, 201, "{}", there.text());
    let suites = server.get("/api/suites", None).json();
    assert_eq!(suites["items"].as_array().unwrap().len(), 2, "{suites}");
    assert_eq!(server.get("/dists/testing/InRelease", None).status, 200);
    server.stop();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_configuration_that_is_wrong_is_told_and_the_one_before_goes_on() {
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    archive.configure("codename", "kodename");
    server.logged("repogen.toml cannot be used", 1);
    let taken = server.upload(&hello("1.0"), "suite=stable&wait=published", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    archive.configure("kodename", "codename");
    server.logged(READ_AGAIN, 1);
}

#[test]
fn keys_are_read_again_when_somebody_asks() {
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    let key = archive.root().join("keys/archive.pgp");
    let aside = key.with_extension("aside");
    std::fs::rename(&key, &aside).unwrap();
    server.signal("HUP");
    server.logged("repogen.toml cannot be used", 1);
    std::fs::rename(&aside, &key).unwrap();
    server.signal("HUP");
    server.logged(READ_AGAIN, 1);
    let taken = server.upload(&hello("1.0"), "suite=stable&wait=published", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    server.stop();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_server_that_does_not_publish_leaves_it_to_the_watch() {
    let (archive, token) = archive();
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let taken = server.upload(&hello("1.0"), "", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    server.stop();
    let published = archive.publish();
    assert_eq!(
        published.rows()[0][1..4],
        ["published", "1", "1"],
        "nobody did before"
    );

    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let _watch = Watching::start(&archive);
    let taken = server.upload(&hello("2.0"), "wait=published", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(archive.publish().rows()[0][1], "unchanged");
}
