//! `Content-Digest` and `X-Checksum`: what was sent is compared with what arrived.

use super::assert_problem;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::json;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn a_digest_that_was_sent_is_held_against_what_came() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    // A publisher has files of its own beside those of uploads.
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let package = hello("1.0").build();
    let run = |program: &str| {
        let path = archive.outside().join("hello.deb");
        std::fs::create_dir_all(archive.outside()).unwrap();
        std::fs::write(&path, &package).unwrap();
        let run = archive_tests::Run::of(std::process::Command::new(program).arg(path)).ok();
        run.stdout.split(' ').next().unwrap().to_owned()
    };
    let base64 = |hex: &str| {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let path = archive.outside().join("digest");
        std::fs::write(&path, bytes).unwrap();
        let run = archive_tests::Run::of(std::process::Command::new("base64").arg("-w0").arg(path)).ok();
        run.stdout
    };
    let (md5, sha256, sha512) = (run("md5sum"), run("sha256sum"), run("sha512sum"));
    let right = [
        ("Content-MD5", base64(&md5)),
        ("Digest", format!("SHA-256={}", base64(&sha256))),
        ("Repr-Digest", format!("sha-256=:{}:", base64(&sha256))),
        ("Content-Digest", format!("sha-512=:{}:", base64(&sha512))),
        ("X-Checksum-SHA256", sha256.clone()),
    ];
    let post = |header: &str, value: &str| {
        server.send(
            "POST",
            "/api/packages",
            Some(&token),
            (&[(header, value)], &package),
        )
    };
    let other = "0".repeat(64);
    let wrong = [
        ("Content-MD5", base64(&other[..32])),
        ("Digest", format!("sha-256={}", base64(&other))),
        ("Repr-Digest", format!("sha-256=:{}:", base64(&other))),
        (
            "Content-Digest",
            format!("sha-256=:{}:, sha-512=:{}:", base64(&other), base64(&sha512)),
        ),
        ("X-Checksum-Sha256", other.clone()),
        ("X-Checksum-Sha256", "abc".to_owned()),
    ];
    for (header, value) in &wrong {
        let detail = assert_problem(&post(header, value), 400, "digest_mismatch");
        assert!(detail.contains(&header.to_lowercase()), "{detail}");
    }
    assert_eq!(
        server.get("/api/packages", None).json()["items"],
        json!([]),
        "nothing was kept"
    );
    for (header, value) in &right {
        let status = post(header, value).status;
        assert!(matches!(status, 200 | 201), "{header}: {value}: {status}");
    }
    assert_problem(&post("Content-Encoding", "gzip"), 415, "unsupported_media_type");
    let part = |name: &str| {
        let head =
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.deb\"\r\n\r\n");
        [head.as_bytes(), &package, b"\r\n"].concat()
    };
    let form = |parts: &[Vec<u8>], more: &[(&str, &str)]| {
        let headers = [more, &[("Content-Type", "multipart/form-data; boundary=x")]].concat();
        let body = [parts.concat(), b"--x--\r\n".to_vec()].concat();
        server.send("POST", "/api/packages", Some(&token), (&headers, &body))
    };
    assert_eq!(
        form(&[part("file")], &[("X-Checksum-SHA256", &sha256)]).status,
        200
    );
    assert_problem(
        &form(&[part("file")], &[("X-Checksum-SHA256", &other)]),
        400,
        "digest_mismatch",
    );
    assert_problem(&form(&[part("file"), part("file")], &[]), 400, "invalid_upload");
    assert_problem(&form(&[part("other")], &[]), 400, "invalid_upload");
    // A file goes with the work on its request, which may end after the answer.
    assert_eq!(server.stop(), Some(0));
    for writer in std::fs::read_dir(archive.root().join("state/staging")).unwrap() {
        let writer = writer.unwrap().path();
        if writer.is_dir() {
            let left: Vec<_> = std::fs::read_dir(&writer).unwrap().collect();
            assert!(left.is_empty(), "what was refused is gone: {left:?}");
        }
    }
}
