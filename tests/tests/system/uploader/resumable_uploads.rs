//! Uploads that go on where they stopped, by tus 1.0.

use super::{archive as with_admin, assert_problem};
use archive_tests::http::Response;
use archive_tests::{Compression, DebBuilder, Random, Uploader};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything is waited for: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const KIND: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

/// A package of some megabytes that do not compress.
fn large(name: &str, megabytes: usize) -> Vec<u8> {
    let bytes = Random::new(megabytes as u64).bytes(megabytes << 20);
    DebBuilder::new(name, "1.0", "all")
        .compressed(Compression::None, Compression::None)
        .file("./usr/share/large", &bytes)
        .build()
}

fn begin(server: &Uploader, token: &str, query: &str, length: u64) -> Response {
    let headers = [
        ("Upload-Length", length.to_string()),
        ("Tus-Resumable", "1.0.0".into()),
    ];
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    server.send(
        "POST",
        &format!("/api/uploads?{query}"),
        Some(token),
        (&headers, &[]),
    )
}

/// Begins an upload and returns its address.
#[track_caller]
fn begun(server: &Uploader, token: &str, length: usize) -> String {
    let answer = begin(server, token, "", length as u64);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("tus-resumable").as_deref(), Some("1.0.0"));
    assert_eq!(answer.header("upload-offset").as_deref(), Some("0"));
    answer.header("location").unwrap()
}

fn patch(server: &Uploader, token: &str, path: &str, (offset, body): (usize, &[u8])) -> Response {
    patch_with(server, token, path, (offset, body), &[])
}

fn patch_with(
    server: &Uploader,
    token: &str,
    path: &str,
    (offset, body): (usize, &[u8]),
    more: &[(&str, &str)],
) -> Response {
    let offset = offset.to_string();
    let mut headers = vec![KIND, ("Upload-Offset", offset.as_str())];
    headers.extend(more);
    server.send("PATCH", path, Some(token), (&headers, body))
}

/// Returns how far an upload is.
fn offset(server: &Uploader, token: &str, path: &str) -> usize {
    let answer = server.send("HEAD", path, Some(token), (&[], &[]));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    answer.header("upload-offset").unwrap().parse().unwrap()
}

/// Returns how many parts are kept.
fn parts(root: &Path) -> usize {
    std::fs::read_dir(root.join("staged/uploads")).map_or(0, Iterator::count)
}

#[test]
fn an_upload_in_parts_is_answered_as_any_other() {
    let (archive, token) = with_admin();
    let server = Uploader::start(&archive);
    let bytes = DebBuilder::new("hello", "1.0", "all").build();
    let (one, rest) = bytes.split_at(100);
    let answer = begin(
        &server,
        &token,
        "suite=stable&component=main&wait=published",
        bytes.len() as u64,
    );
    let path = answer.header("location").unwrap();
    assert!(answer.header("upload-expires").unwrap().ends_with("GMT"));
    let first = patch(&server, &token, &path, (0, one));
    assert_eq!(
        (first.status, first.header("upload-offset").as_deref()),
        (204, Some("100")),
        "{}",
        first.text()
    );
    assert_eq!(offset(&server, &token, &path), 100);
    let shown = server.get(&path, Some(&token)).json();
    assert_eq!(
        (&shown["offset"], &shown["length"], &shown["package"]),
        (&json!(100), &json!(bytes.len()), &json!(null))
    );
    let listed = server.get("/api/uploads", Some(&token)).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);

    let prefer = [("Prefer", "return=representation")];
    let last = patch_with(&server, &token, &path, (100, rest), &prefer);
    assert_eq!(last.status, 201, "{}", last.text());
    let package = last.json();
    assert_eq!(
        (&package["name"], last.header("location")),
        (
            &json!("hello"),
            Some(format!("/api/packages/{}", package["id"].as_str().unwrap()))
        )
    );
    let live = server.get("/dists/stable/main/binary-amd64/Packages.gz", None);
    assert_eq!(live.status, 200);
    // Asked again, it says so again.
    assert_eq!(offset(&server, &token, &path), bytes.len());
    let again = patch_with(&server, &token, &path, (bytes.len(), &[]), &prefer);
    assert_eq!((again.status, again.json()), (201, package.clone()));
    assert_eq!(parts(&archive.root()), 0, "the parts are gone");
    assert!(
        server.get("/api/uploads", Some(&token)).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    // Without a preference the last answer is that of the protocol. What is there already is unchanged.
    let path = begun(&server, &token, bytes.len());
    let last = patch(&server, &token, &path, (0, &bytes));
    assert_eq!((last.status, last.body.len()), (204, 0));
    assert_eq!(
        last.header("content-location"),
        Some(format!("/api/packages/{}", package["id"].as_str().unwrap()))
    );
}

#[test]
fn what_broke_off_goes_on_at_another_server_after_a_kill() {
    let (archive, token) = with_admin();
    let first = Uploader::start(&archive);
    let bytes = large("big", 40);
    let path = begun(&first, &token, bytes.len());
    // The connection stays open, and the server is killed: what made a part is there.
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{}: {}\r\nUpload-Offset: 0\r\nContent-Length: {}\r\n\r\n",
        KIND.0,
        KIND.1,
        bytes.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", first.port())).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&bytes[..20 << 20]).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while offset(&first, &token, &path) == 0 {
        assert!(Instant::now() < deadline, "no part was kept");
        std::thread::yield_now();
    }
    first.kill();
    let second = Uploader::start(&archive);
    let kept = offset(&second, &token, &path);
    assert!((16 << 20..=20 << 20).contains(&kept), "{kept}");

    // A client that breaks off loses nothing that it has sent.
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{}: {}\r\nUpload-Offset: {kept}\r\nContent-Length: {}\r\n\r\n",
        KIND.0,
        KIND.1,
        bytes.len() - kept
    );
    let mut stream = TcpStream::connect(("127.0.0.1", second.port())).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&bytes[kept..kept + 1000]).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    let deadline = Instant::now() + PATIENCE;
    while offset(&second, &token, &path) != kept + 1000 {
        assert!(Instant::now() < deadline, "what was sent is not kept");
        std::thread::yield_now();
    }
    let last = patch_with(
        &second,
        &token,
        &path,
        (kept + 1000, &bytes[kept + 1000..]),
        &[("Prefer", "return=representation")],
    );
    assert_eq!(last.status, 201, "{}", last.text());
    let expected: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(last.json()["checksum"], expected);
    archive.publish();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn offsets_lengths_and_digests_have_to_be_right() {
    let (archive, token) = with_admin();
    let server = Uploader::start(&archive);
    let bytes = DebBuilder::new("hello", "1.0", "all").build();
    for wrong in [
        "0",
        "-1",
        "x",
        "18446744073709551616",
        "9223372036854775808",
        "1e3",
        "",
    ] {
        let answer = server.send(
            "POST",
            "/api/uploads",
            Some(&token),
            (&[("Upload-Length", wrong)], &[]),
        );
        assert_problem(&answer, 400, "invalid_upload");
    }
    assert_problem(
        &server.send("POST", "/api/uploads", Some(&token), (&[], &[])),
        400,
        "invalid_upload",
    );
    assert_problem(
        &begin(&server, &token, "", i64::MAX as u64),
        413,
        "payload_too_large",
    );
    assert_problem(
        &begin(&server, &token, "suite=nowhere", 10),
        404,
        "suite_not_found",
    );
    let version = [("Tus-Resumable", "0.2.2"), ("Upload-Length", "10")];
    let answer = server.send("POST", "/api/uploads", Some(&token), (&version, &[]));
    assert_problem(&answer, 412, "precondition_failed");
    assert_eq!(answer.header("tus-version").as_deref(), Some("1.0.0"));
    for name in ["../../etc/cron.d/x.deb", "/etc/passwd", "a\0b.deb", "hello.dsc"] {
        let metadata = format!("filename {}", STANDARD.encode(name));
        let headers = [("Upload-Length", "10"), ("Upload-Metadata", metadata.as_str())];
        let answer = server.send("POST", "/api/uploads", Some(&token), (&headers, &[]));
        assert!((400..500).contains(&answer.status), "{name}: {}", answer.text());
    }

    let path = begun(&server, &token, bytes.len());
    for wrong in ["1", "18446744073709551616", "-0", "0, 0"] {
        let answer = server.send(
            "PATCH",
            &path,
            Some(&token),
            (&[KIND, ("Upload-Offset", wrong)], b"x"),
        );
        assert!([400, 409].contains(&answer.status), "{wrong}: {}", answer.text());
    }
    assert_eq!(patch(&server, &token, &path, (0, &bytes[..50])).status, 204);
    assert_problem(
        &patch(&server, &token, &path, (0, &bytes[..50])),
        409,
        "upload_offset",
    );
    assert_problem(
        &patch(&server, &token, &path, (51, &bytes[51..])),
        409,
        "upload_offset",
    );
    let longer = [&bytes[50..], b"x"].concat();
    assert_problem(
        &patch(&server, &token, &path, (50, &longer)),
        413,
        "payload_too_large",
    );
    assert_eq!(offset(&server, &token, &path), 50, "nothing of it is kept");
    let answer = server.send(
        "PATCH",
        &path,
        Some(&token),
        (&[("Upload-Offset", "50")], &bytes[50..]),
    );
    assert_problem(&answer, 415, "unsupported_media_type");

    let sum = |algorithm: &str, digest: &[u8]| format!("{algorithm} {}", STANDARD.encode(digest));
    let part = &bytes[50..80];
    let wrong = sum("sha256", &Sha256::digest(b"another"));
    let answer = patch_with(&server, &token, &path, (50, part), &[("Upload-Checksum", &wrong)]);
    assert_problem(&answer, 460, "checksum_mismatch");
    assert_eq!(offset(&server, &token, &path), 50);
    for unknown in ["crc32 AAAAAA==", "sha256 AAAA", "sha256"] {
        let answer = patch_with(
            &server,
            &token,
            &path,
            (50, part),
            &[("Upload-Checksum", unknown)],
        );
        assert_problem(&answer, 400, "invalid_upload");
    }
    let right = sum("sha256", &Sha256::digest(part));
    assert_eq!(
        patch_with(&server, &token, &path, (50, part), &[("Upload-Checksum", &right)]).status,
        204
    );
    let rest = &bytes[80..];
    let right = sum("sha256", &Sha256::digest(rest));
    let last = patch_with(
        &server,
        &token,
        &path,
        (80, rest),
        &[("Upload-Checksum", &right), ("Prefer", "return=representation")],
    );
    assert_eq!(last.status, 201, "{}", last.text());
}

#[test]
fn what_is_no_package_ends_its_upload_and_is_not_kept() {
    let (archive, token) = with_admin();
    let server = Uploader::start(&archive);
    let path = begun(&server, &token, 100);
    assert_eq!(patch(&server, &token, &path, (0, &[0; 60])).status, 204);
    assert_eq!(parts(&archive.root()), 1);
    assert_problem(
        &patch(&server, &token, &path, (60, &[0; 40])),
        422,
        "invalid_package",
    );
    assert_problem(&server.get(&path, Some(&token)), 404, "upload_not_found");
    assert_eq!(parts(&archive.root()), 0);

    let bytes = DebBuilder::new("hello", "1.0", "all").build();
    assert_eq!(
        server
            .upload(&DebBuilder::new("hello", "1.0", "all"), "", &token)
            .status,
        201
    );
    let other = DebBuilder::new("hello", "1.0", "all")
        .file("./etc/other", b"other")
        .build();
    assert_ne!(bytes, other);
    let path = begun(&server, &token, other.len());
    assert_problem(
        &patch(&server, &token, &path, (0, &other)),
        409,
        "identity_conflict",
    );
    let path = begun(&server, &token, 100);
    assert_eq!(patch(&server, &token, &path, (0, &[0; 60])).status, 204);
    assert_eq!(server.send("DELETE", &path, Some(&token), (&[], &[])).status, 204);
    assert_problem(
        &server.send("DELETE", &path, Some(&token), (&[], &[])),
        404,
        "upload_not_found",
    );
    assert_eq!(parts(&archive.root()), 0);
}

#[test]
fn an_upload_is_of_its_account_and_needs_rights_to_the_end() {
    let (archive, token) = with_admin();
    archive.account("jane", &["--role", "maintainer"]);
    archive.account("june", &["--role", "maintainer"]);
    archive.account("joe", &["--role", "user"]);
    let server = Uploader::start(&archive);
    let [jane, june] = ["jane", "june"].map(|name| archive.token(name, &["upload:stable/*"]));
    let narrow = archive.token("jane", &["upload:stable/other"]);
    let joe = server.login("joe");
    assert_problem(&begin(&server, &joe, "", 10), 403, "forbidden");
    let bytes = DebBuilder::new("hello", "1.0", "all").build();
    let path = begun(&server, &jane, bytes.len());
    assert_eq!(patch(&server, &jane, &path, (0, &bytes[..50])).status, 204);
    // To everybody else, the administrator too, there is no such upload.
    for other in [&june, &joe, &token] {
        assert_problem(&server.get(&path, Some(other)), 404, "upload_not_found");
        assert_problem(
            &patch(&server, other, &path, (50, &bytes[50..])),
            404,
            "upload_not_found",
        );
        assert_problem(
            &server.send("DELETE", &path, Some(other), (&[], &[])),
            404,
            "upload_not_found",
        );
    }
    assert_problem(&server.get(&path, None), 401, "unauthenticated");
    assert_eq!(patch(&server, "rgt_wrong", &path, (50, &bytes[50..])).status, 401);
    // A token that does not reach that far cannot finish it, and a revoked one cannot go on.
    assert_problem(
        &patch(&server, &narrow, &path, (50, &bytes[50..])),
        403,
        "scope_too_small",
    );
    let session = server.login("jane");
    let listed = server.get("/api/tokens", Some(&session)).json();
    for item in listed["items"].as_array().unwrap() {
        let one = format!("/api/tokens/{}", item["id"].as_str().unwrap());
        assert_eq!(
            server.send("DELETE", &one, Some(&session), (&[], &[])).status,
            204
        );
    }
    assert_problem(
        &patch(&server, &jane, &path, (50, &bytes[50..])),
        401,
        "invalid_token",
    );
    // Nothing is lost with the token: the account goes on by another credential.
    assert_eq!(offset(&server, &session, &path), 50);
    assert_eq!(patch(&server, &session, &path, (50, &bytes[50..])).status, 204);
    assert!(
        server
            .get("/api/packages?name=hello", None)
            .text()
            .contains("\"author\":\"jane\"")
    );
}

#[test]
fn nobody_has_uploads_without_end_and_of_two_writers_one_wins() {
    let (archive, token) = with_admin();
    let server = Uploader::with(&archive, &[("MAX_UPLOAD_BYTES", "1000")]);
    // Four times the largest package may be under way.
    for _ in 0..4 {
        assert_eq!(begin(&server, &token, "", 1000).status, 201);
    }
    assert_problem(&begin(&server, &token, "", 1), 429, "too_many_uploads");
    drop(server);
    let server = Uploader::start(&archive);
    let statuses: Vec<u16> = (0..70).map(|_| begin(&server, &token, "", 10).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 60);
    assert!(statuses.ends_with(&[429]));

    archive.account("jane", &["--role", "admin"]);
    let jane = archive.token("jane", &["admin"]);
    let bytes = DebBuilder::new("hello", "1.0", "all").build();
    let path = begun(&server, &jane, bytes.len());
    let statuses = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| patch(&server, &jane, &path, (0, &bytes[..100])).status))
            .collect();
        sent.into_iter()
            .map(|sent| sent.join().unwrap())
            .collect::<Vec<u16>>()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 204).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [204, 409].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(parts(&archive.root()), 1, "the others left nothing");
    assert_eq!(patch(&server, &jane, &path, (100, &bytes[100..])).status, 204);
}

#[test]
fn browsers_and_programs_are_told_which_protocol_is_spoken() {
    let (archive, _) = with_admin();
    let server = Uploader::start(&archive);
    let asked = [
        ("Origin", "https://example.org"),
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "upload-offset,tus-resumable"),
    ];
    let answer = server.send("OPTIONS", "/api/uploads", None, (&asked, &[]));
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-resumable", "1.0.0"),
        ("tus-extension", "creation,termination,checksum,expiration"),
        ("tus-checksum-algorithm", "sha1,sha256,sha512,md5"),
    ] {
        assert_eq!(answer.header(name).as_deref(), Some(value), "{name}");
    }
    assert!(
        answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("PATCH")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .unwrap()
            .contains("upload-offset")
    );
}
