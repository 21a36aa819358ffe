//! What the settings of an uploader do, and `repogen.toml` that changes under it.

use archive_tests::{DebBuilder, TestArchive, Uploader, Watching};
use serde_json::json;

const READ_AGAIN: &str = "repogen.toml was read again";

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

/// An archive with an administrator, and a token of his.
fn archive() -> (TestArchive, String) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    (archive, token)
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

#[test]
fn downloads_lead_to_the_public_url() {
    let (archive, token) = archive();
    let public = "https://apt.example.org/debian";
    let server = Uploader::with(&archive, &[("PUBLIC_URL", &format!("{public}/"))]);
    let taken = server.upload(&hello("1.0+b1"), "", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    for method in ["GET", "HEAD"] {
        let path = format!("/api/packages/{id}/download");
        let answer = server.send(method, &path, None, (&[], &[]));
        assert_eq!(
            (answer.status, answer.header("location")),
            (
                302,
                Some(format!("{public}/pool/main/h/hello/hello_1.0%2Bb1_all.deb"))
            ),
            "{method}"
        );
    }
}

/// What the answer to a page of an origin says, as a browser reads it.
fn allowed(server: &Uploader, origin: &str) -> [Option<String>; 3] {
    let answer = server.send("GET", "/api/suites", None, (&[("Origin", origin)], &[]));
    assert_eq!(answer.status, 200);
    [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "vary",
    ]
    .map(|name| answer.header(name))
}

#[test]
fn pages_of_every_origin_may_read_and_never_with_credentials() {
    let (archive, _) = archive();
    let server = Uploader::start(&archive);
    let [origin, credentials, _] = allowed(&server, "https://anywhere.example.org");
    assert_eq!((origin.as_deref(), credentials), (Some("*"), None));
}

#[test]
fn pages_of_listed_origins_may_read_and_others_not() {
    let (archive, _) = archive();
    let listed = "https://a.example.org, https://b.example.org";
    let server = Uploader::with(&archive, &[("CORS_ORIGINS", listed)]);
    for origin in ["https://a.example.org", "https://b.example.org"] {
        let [allowed, credentials, vary] = allowed(&server, origin);
        assert_eq!((allowed.as_deref(), credentials), (Some(origin), None));
        assert!(
            vary.unwrap().to_lowercase().contains("origin"),
            "a cache must tell them apart"
        );
    }
    for origin in ["https://c.example.org", "http://a.example.org", "null"] {
        assert_eq!(allowed(&server, origin)[0], None, "{origin}");
    }
}

#[test]
fn browsers_are_told_beforehand_what_they_may_send() {
    let (archive, _) = archive();
    let server = Uploader::start(&archive);
    let asked = [
        ("Origin", "https://a.example.org"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let answer = server.send("OPTIONS", "/api/packages", None, (&asked, &[]));
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let says = |name: &str| answer.header(name).unwrap_or_default().to_lowercase();
    assert!(says("access-control-allow-methods").contains("put"));
    for header in ["authorization", "content-type"] {
        assert!(says("access-control-allow-headers").contains(header), "{header}");
    }
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[test]
fn downloads_are_counted_and_no_request_writes_the_catalog() {
    const DOWNLOADS: u64 = 300;
    let (archive, token) = archive();
    let server = Uploader::start(&archive);
    let taken = server.upload(&hello("1.0"), "wait=published", &token).json();
    let path = format!("/api/packages/{}", taken["id"].as_str().unwrap());
    let download = format!("{path}/download");
    let log = archive.root().join("catalog.db-wal");
    let before = log.metadata().unwrap().len();
    for _ in 0..DOWNLOADS {
        assert_eq!(server.get(&download, None).status, 200);
    }
    let grown = log.metadata().unwrap().len().saturating_sub(before);
    assert!(
        grown < DOWNLOADS * 4096 / 4,
        "{DOWNLOADS} downloads wrote {grown} bytes"
    );
    // No part of a download counts, and no look at it: who fetches one in parts is not counted for each of them.
    for (method, range, status) in [
        ("GET", "bytes=0-9", 206),
        ("GET", "bytes=10-19", 206),
        ("HEAD", "bytes=0-", 206),
    ] {
        let answer = server.send(method, &download, None, (&[("Range", range)], &[]));
        assert_eq!(answer.status, status, "{method} {range}");
    }
    server.stop();
    let server = Uploader::start(&archive);
    assert_eq!(server.get(&path, None).json()["downloads"], json!(DOWNLOADS));
}
