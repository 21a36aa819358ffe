//! `nginx/archive.conf`: what is served, as what, and for how long; and what is not.

use archive_tests::{Nginx, http, nginx, workspace};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "public, max-age=0, must-revalidate";
const SHORT: &str = "public, max-age=60, must-revalidate";
const BINARY: &str = "application/octet-stream";

/// Makes files that have their own path as their content.
fn tree(paths: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, path).unwrap();
    }
    root
}

fn served(root: &Path, path: &str) -> bool {
    Nginx::serve(root).get(path).status == 200
}

#[test]
fn the_shipped_configuration_is_accepted_by_nginx() {
    let root = tree(&[]);
    let run = nginx::check_configuration(root.path()).ok();
    assert!(!run.stderr.contains("[warn]"), "{}", run.report());
}

#[test]
fn every_file_has_its_type_and_its_time_in_caches() {
    let by_hash = format!("dists/bookworm/main/binary-amd64/by-hash/SHA256/{HASH}");
    let old_by_hash =
        format!("snapshots/20260102T030405Z/dists/bookworm/main/binary-amd64/by-hash/SHA256/{HASH}");
    let table = [
        (
            "pool/main/h/hello/hello_1.0_amd64.deb",
            "application/vnd.debian.binary-package",
            FOR_EVER,
        ),
        (
            "pool/main/g/g++/g++_4%3a12.2~rc1+b1_amd64.deb",
            "application/vnd.debian.binary-package",
            FOR_EVER,
        ),
        (&by_hash, BINARY, FOR_EVER),
        (&old_by_hash, BINARY, FOR_EVER),
        ("dists/bookworm/InRelease", "text/plain", ASK_EACH_TIME),
        ("dists/bookworm/Release", "text/plain", ASK_EACH_TIME),
        (
            "dists/bookworm/Release.gpg",
            "application/pgp-signature",
            ASK_EACH_TIME,
        ),
        (
            "snapshots/20260102T030405Z/dists/bookworm/InRelease",
            "text/plain",
            ASK_EACH_TIME,
        ),
        ("dists/bookworm/main/binary-amd64/Packages", BINARY, SHORT),
        ("dists/bookworm/main/binary-amd64/Packages.gz", BINARY, SHORT),
        ("dists/bookworm/main/binary-amd64/Packages.xz", BINARY, SHORT),
        ("dists/bookworm/main/binary-amd64/Packages.zst", BINARY, SHORT),
        ("dists/bookworm/main/Contents-amd64.gz", BINARY, SHORT),
        ("bookworm.sources", "text/plain", SHORT),
        ("archive-keyring.asc", "application/pgp-keys", SHORT),
        ("archive-keyring.pgp", BINARY, SHORT),
        ("repository.json", "application/json", SHORT),
    ];
    let root = tree(&table.map(|(path, ..)| path));
    let nginx = Nginx::serve(root.path());
    for (path, kind, cache) in table {
        // A per cent sign of the file's own name is written as %25 in an address.
        let answer = nginx.get(&format!("/{}", path.replace('%', "%25")));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type").as_deref(), Some(kind), "{path}");
        assert_eq!(answer.header("cache-control").as_deref(), Some(cache), "{path}");
        assert_eq!(answer.header("content-encoding"), None, "{path}");
        assert_eq!(
            answer.header("x-content-type-options").as_deref(),
            Some("nosniff"),
            "{path}"
        );
        assert!(
            answer.header("etag").is_some() && answer.header("last-modified").is_some(),
            "{path}"
        );
        assert_eq!(answer.body, path.as_bytes(), "{path}");
    }
}

#[test]
fn pages_have_their_types_and_may_load_what_lies_beside_them_only() {
    let table = [
        ("index.html", "text/html; charset=utf-8"),
        ("status.json", "application/json"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("sitemap.xml", "application/xml"),
        ("browse/_assets/site.css", "text/css; charset=utf-8"),
        ("browse/_assets/site.js", "text/javascript; charset=utf-8"),
        ("browse/bookworm/g++/index.html", "text/html; charset=utf-8"),
        ("browse/bookworm/g++/badge.svg", "image/svg+xml"),
    ];
    let root = tree(&table.map(|(path, _)| path));
    let page = root.path().join("browse/bookworm/g++/index.html");
    fs::write(&page, "line\n".repeat(10_000)).unwrap();
    let nginx = Nginx::serve(root.path());
    for (path, kind) in table {
        let answer = nginx.get(&format!("/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type").as_deref(), Some(kind), "{path}");
        assert_eq!(answer.header("cache-control").as_deref(), Some(SHORT), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(
            answer.header("x-content-type-options").as_deref(),
            Some("nosniff"),
            "{path}"
        );
    }
    for path in ["/", "/browse/bookworm/g%2B%2B/"] {
        assert_eq!(nginx.get(path).status, 200, "{path}");
    }
    let asking = [("Accept-Encoding", "gzip")];
    let answer = http::request(nginx.port(), "GET", "/browse/bookworm/g++/index.html", &asking);
    assert_eq!(answer.header("content-encoding").as_deref(), Some("gzip"));
}

#[test]
fn the_plus_sign_may_come_encoded_as_apt_sends_it() {
    let root = tree(&["pool/main/g/g++/g++_1.0_amd64.deb"]);
    assert!(served(root.path(), "/pool/main/g/g%2b%2b/g%2b%2b_1.0_amd64.deb"));
}

#[test]
fn an_index_is_not_compressed_on_the_way_nor_swapped_for_its_compressed_neighbour() {
    let root = tree(&[
        "dists/a/main/binary-amd64/Packages",
        "dists/a/main/binary-amd64/Packages.gz",
        "dists/a/InRelease",
    ]);
    fs::write(root.path().join("dists/a/InRelease"), "line\n".repeat(10_000)).unwrap();
    let nginx = Nginx::serve(root.path());
    for path in [
        "dists/a/main/binary-amd64/Packages",
        "dists/a/main/binary-amd64/Packages.gz",
        "dists/a/InRelease",
    ] {
        let answer = http::request(
            nginx.port(),
            "GET",
            &format!("/{path}"),
            &[("Accept-Encoding", "gzip, br, zstd")],
        );
        assert_eq!(answer.header("content-encoding"), None, "{path}");
        assert_eq!(answer.body, fs::read(root.path().join(path)).unwrap(), "{path}");
    }
}

#[test]
fn secrets_and_the_works_of_the_archive_answer_not_found() {
    let hidden = [
        "keys/archive.pgp",
        "keys/jwt.secret",
        "catalog.db",
        "catalog.db-wal",
        "catalog.db-shm",
        "repogen.toml",
        "private/internal/dists/internal/InRelease",
        "private/internal/pool/main/s/secret/secret_1.0_amd64.deb",
        "incoming/bookworm/main/hello_1.0_amd64.deb",
        "state/chunks/aa",
        "other.html",
        "browse/.hidden/index.html",
        "backup.tar",
        "pool/.hidden",
        "pool/main/.tmp/hello_1.0_amd64.deb",
        "dists/.bookworm.new/InRelease",
        ".git/config",
        ".sources",
        "keys/bookworm.sources",
        "state/archive-keyring.pgp",
    ];
    let root = tree(&hidden);
    fs::create_dir_all(root.path().join("dists")).unwrap();
    let nginx = Nginx::serve(root.path());
    for path in hidden {
        for request in [
            format!("/{path}"),
            format!("//{path}"),
            format!("/dists/../{path}"),
            format!("/dists/%2e%2e/{path}"),
            format!("/pool/..%2f{path}"),
            format!("/./{path}"),
        ] {
            let answer = nginx.get(&request);
            assert!(matches!(answer.status, 400 | 404), "{request}: {}", answer.status);
            assert_eq!(answer.header("cache-control"), None, "{request}");
        }
    }
}

#[test]
fn a_missing_file_is_a_plain_404_that_no_cache_keeps() {
    let root = tree(&["pool/main/h/hello/hello_1.0_amd64.deb", "dists/a/InRelease"]);
    let nginx = Nginx::serve(root.path());
    let by_hash = format!("/dists/a/main/binary-amd64/by-hash/SHA256/{HASH}");
    for path in [
        "/",
        "/pool/",
        "/pool/main/h/hello",
        "/pool/main/h/hello/",
        "/pool/main/h/hello/hello_2.0_amd64.deb",
        "/dists/",
        "/dists/a/",
        "/dists/b/InRelease",
        "/snapshots/20260102T030405Z/dists/a/InRelease",
        "/snapshots/20260102T030405Z/pool/main/h/hello/hello_2.0_amd64.deb",
        &by_hash,
    ] {
        let answer = nginx.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), None, "{path}");
    }
}

#[test]
fn an_alias_is_followed_to_its_codename() {
    let root = tree(&["dists/bookworm/InRelease"]);
    symlink("bookworm", root.path().join("dists/stable")).unwrap();
    assert_eq!(
        Nginx::serve(root.path()).get("/dists/stable/InRelease").body,
        b"dists/bookworm/InRelease"
    );
}

#[test]
fn the_pool_of_a_snapshot_is_the_pool() {
    let deb = "pool/main/g/g++/g++_1.0~rc1_amd64.deb";
    let root = tree(&[deb, "snapshots/20260102T030405Z/dists/a/InRelease"]);
    let nginx = Nginx::serve(root.path());
    let answer = nginx.get("/snapshots/20260102T030405Z/pool/main/g/g%2b%2b/g++_1.0~rc1_amd64.deb");
    assert_eq!(answer.body, deb.as_bytes());
    assert_eq!(answer.header("cache-control").as_deref(), Some(FOR_EVER));
    assert_eq!(
        nginx.get("/snapshots/20260102T030405Z/dists/a/InRelease").status,
        200
    );
    // An ID has one shape: no other name makes a second address of the pool.
    assert_eq!(
        nginx
            .get("/snapshots/latest/pool/main/g/g++/g++_1.0~rc1_amd64.deb")
            .status,
        404
    );
}

#[test]
fn a_private_suite_is_read_with_a_password_as_the_guide_sets_it_up() {
    let files = [
        "private/internal/dists/internal/InRelease",
        "private/internal/pool/main/s/secret/secret_1.0_amd64.deb",
        "private/internal/snapshots/20260102T030405Z/dists/internal/InRelease",
        "private/internal/internal.sources",
    ];
    let other = "private/other/dists/other/InRelease";
    let root = tree(&[&files[..], &[other]].concat());
    let guide = fs::read_to_string(workspace().join("docs/how-to/nginx.md")).unwrap();
    let chapter = guide.split("## A private suite").nth(1).unwrap();
    let location = chapter
        .split("```nginx\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let users = root.path().join("users");
    fs::write(&users, "reader:{PLAIN}open sesame\n").unwrap();
    let location = location.replace("/etc/nginx/archive.users", users.to_str().unwrap());
    let nginx = Nginx::serve_with(root.path(), |server| {
        server.replace("    location / {", &format!("{location}\n    location / {{"))
    });
    for path in files {
        let target = format!("/{path}");
        assert_eq!(nginx.get(&target).status, 401, "{path}");
        // reader:open sesame
        let with = [("Authorization", "Basic cmVhZGVyOm9wZW4gc2VzYW1l")];
        let answer = http::request(nginx.port(), "GET", &target, &with);
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, path.as_bytes()),
            "{path}"
        );
        assert_eq!(
            answer.header("cache-control").as_deref(),
            Some("private, no-cache"),
            "{path}"
        );
    }
    assert_eq!(nginx.get(&format!("/{other}")).status, 404);
}

#[test]
fn nothing_but_reading_is_allowed() {
    let files = [
        "dists/a/InRelease",
        "pool/main/h/hello/hello_1.0_amd64.deb",
        "archive-keyring.asc",
    ];
    let root = tree(&files);
    let nginx = Nginx::serve(root.path());
    for path in files {
        let target = format!("/{path}");
        for method in ["PUT", "POST", "DELETE", "PROPFIND"] {
            let status = http::request(nginx.port(), method, &target, &[("Content-Length", "0")]).status;
            assert!(matches!(status, 403 | 405), "{method} {path}: {status}");
        }
        let head = http::request(nginx.port(), "HEAD", &target, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        3,
        "nothing was written"
    );
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let root = tree(&["pool/main/h/hello/hello_1.0_amd64.deb"]);
    let nginx = Nginx::serve(root.path());
    let answer = http::request(
        nginx.port(),
        "GET",
        "/pool/main/h/hello/hello_1.0_amd64.deb",
        &[("Range", "bytes=5-8")],
    );
    assert_eq!((answer.status, &answer.body[..]), (206, &b"main"[..]));
}

#[test]
fn an_unchanged_file_is_not_sent_twice() {
    let root = tree(&["dists/a/InRelease"]);
    let nginx = Nginx::serve(root.path());
    let date = nginx.get("/dists/a/InRelease").header("last-modified").unwrap();
    let again = http::request(
        nginx.port(),
        "GET",
        "/dists/a/InRelease",
        &[("If-Modified-Since", &date)],
    );
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("cache-control").as_deref(), Some(ASK_EACH_TIME));
}
