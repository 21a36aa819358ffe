//! Downloads through the public address, and their counts.

use super::archive;
use archive_tests::{DebBuilder, Uploader};
use serde_json::json;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
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
    let whole = server.get(&download, None);
    assert_eq!(whole.header("repr-digest"), Some(repr_digest(&whole.body)));
    let part = server.send("GET", &download, None, (&[("Range", "bytes=0-9")], &[]));
    assert_eq!((part.status, part.body.len()), (206, 10));
    assert_eq!(
        part.header("repr-digest"),
        whole.header("repr-digest"),
        "it is of the whole"
    );
    for _ in 1..DOWNLOADS {
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
        ("HEAD", "bytes=0-", 200),
    ] {
        let answer = server.send(method, &download, None, (&[("Range", range)], &[]));
        assert_eq!(answer.status, status, "{method} {range}");
    }
    server.stop();
    let server = Uploader::start(&archive);
    assert_eq!(server.get(&path, None).json()["downloads"], json!(DOWNLOADS));
}

/// Returns what RFC 9530 has for a file, by openssl.
fn repr_digest(bytes: &[u8]) -> String {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "openssl dgst -sha256 -binary | openssl base64 -A"]);
    let mut openssl = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut openssl.stdin.take().unwrap(), bytes).unwrap();
    let output = openssl.wait_with_output().unwrap();
    format!("sha-256=:{}:", String::from_utf8(output.stdout).unwrap())
}
