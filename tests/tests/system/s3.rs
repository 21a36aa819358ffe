//! An archive in a bucket, and a mirror in one, on a real S3 server. `make test-s3` starts one and runs these.

mod machines;
mod replaced;
mod requests;
mod trees;

use archive_tests::WriteDeb as _;
use archive_tests::{Apt, DebBuilder, Run, TestArchive, Uploader, apt};
use std::process::Command;

/// The port of the server on this machine.
fn port() -> u16 {
    let port = std::env::var("TEST_S3_PORT").expect("`make test-s3` starts a server and names its port");
    port.parse().unwrap()
}

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "all").file(&format!("usr/share/{name}/hello"), "hello")
}

/// What the server answered; it takes the bucket from the host that a request is for.
struct Answer {
    head: String,
    body: Vec<u8>,
}

fn curl(method: &str, path: &str) -> Answer {
    let url = format!("http://127.0.0.1:{}/{path}", port());
    let answer = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--include",
            "-H",
            "x-amz-acl: public-read",
            "-X",
            method,
            &url,
        ])
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "{method} {url}: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let end = answer
        .stdout
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    Answer {
        head: String::from_utf8_lossy(&answer.stdout[..end]).to_ascii_lowercase(),
        body: answer.stdout[end + 4..].to_vec(),
    }
}

/// Makes a bucket, and returns what brings an archive to it.
fn bucket(archive: &TestArchive, name: &str) -> impl Fn(&[&str]) -> Run {
    curl("PUT", name);
    let to = format!("s3://{name}/mirror");
    move |more| {
        let mut command = archive.command(&[&["replicate", "--to", &to], more].concat());
        command
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", port()))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        Run::of(&mut command)
    }
}

/// What a program is told of a bucket.
fn settings(storage: &str) -> Vec<(String, String)> {
    [
        ("STORAGE_URL", storage),
        ("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{}", port())),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// An archive whose files are in a bucket from the first on, and whose catalog is a file.
struct InBucket {
    archive: TestArchive,
    bucket: &'static str,
    settings: Vec<(String, String)>,
}

impl InBucket {
    fn new(bucket: &'static str, init: &[&str]) -> Self {
        curl("PUT", bucket);
        let archive = Self {
            archive: TestArchive::empty(),
            bucket,
            settings: settings(&format!("s3://{bucket}/archive")),
        };
        archive.repogen(&[&["init"], init].concat()).ok();
        archive
    }

    fn repogen(&self, arguments: &[&str]) -> Run {
        let variables = self.settings.iter().map(|(name, value)| (name, value));
        Run::of(self.archive.command(arguments).envs(variables))
    }

    fn add(&self, package: &DebBuilder) {
        let file = package.write_into(&self.archive.outside());
        self.repogen(&["add", file.to_str().unwrap()]).ok();
    }

    /// Starts an uploader, which publishes unless `more` says otherwise.
    fn serve(&self, more: &[(&str, &str)]) -> Uploader {
        let variables = self.settings.iter();
        let variables: Vec<(&str, &str)> = variables
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(more.iter().copied())
            .collect();
        Uploader::with(&self.archive, &variables)
    }

    /// Returns what the bucket says of the files whose path begins so.
    fn list(&self, prefix: &str) -> String {
        let answer = curl(
            "GET",
            &format!("{}?list-type=2&prefix=archive/{prefix}", self.bucket),
        );
        String::from_utf8(answer.body).unwrap()
    }

    /// Returns what the bucket answers for a path of the archive.
    fn get(&self, path: &str) -> Answer {
        curl("GET", &format!("{}/archive/{path}", self.bucket))
    }
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_bucket_serves_apt_what_was_replicated_into_it() {
    let archive = TestArchive::init(&[
        "--architecture",
        &apt::native_architecture(),
        "--url",
        "http://127.0.0.1:1",
    ]);
    archive.configure_last_suite("suite = \"prod\"");
    archive.add(&[
        package("hello", "1.0~rc1+b2"),
        DebBuilder::new("large", "1.0", "all").file("usr/share/large", vec![7; 64]),
    ]);
    archive.publish();
    let replicate = bucket(&archive, "serves-apt");
    let first = replicate(&[]).ok();
    assert!(
        first.stdout.starts_with("stable\treplicated\t"),
        "{}",
        first.report()
    );
    assert_eq!(replicate(&[]).ok().stdout, "stable\treplicated\t0\t0\n");

    let get = |path: &str| curl("GET", &format!("serves-apt/mirror/{path}"));
    let inrelease = get("dists/stable/InRelease");
    assert_eq!(
        inrelease.body,
        archive.read("dists/stable/InRelease").into_bytes()
    );
    assert!(
        inrelease
            .head
            .contains("cache-control: public, max-age=0, must-revalidate"),
        "{}",
        inrelease.head
    );
    assert_eq!(get("dists/prod/InRelease").body, inrelease.body);
    let deb = get("pool/main/h/hello/hello_1.0~rc1%2Bb2_all.deb");
    assert!(
        deb.head
            .contains("cache-control: public, max-age=31536000, immutable"),
        "{}",
        deb.head
    );
    assert!(
        deb.head
            .contains("content-type: application/vnd.debian.binary-package"),
        "{}",
        deb.head
    );

    let url = format!("http://127.0.0.1:{}/serves-apt/mirror", port());
    let apt = Apt::new(&archive.read("stable.sources").replace("http://127.0.0.1:1", &url));
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert!(apt.system().join("usr/share/hello/hello").exists());

    archive.repogen(&["remove", "large"]).ok();
    archive.add(&[package("next", "1.0")]);
    archive.publish();
    replicate(&["--delete"]).ok();
    apt.update().silent();
    apt.install(&["next"]).silent();
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_package_that_is_larger_than_a_part_goes_up_in_parts() {
    let archive = TestArchive::new();
    let mut random = archive_tests::made_up::Random::new(7);
    archive.add(&[DebBuilder::new("large", "1.0", "all").file("usr/share/large", random.bytes(20 << 20))]);
    archive.publish();
    bucket(&archive, "in-parts")(&[]).ok();
    let path = "pool/main/l/large/large_1.0_all.deb";
    let answer = curl("GET", &format!("in-parts/mirror/{path}"));
    assert!(answer.body == std::fs::read(archive.root().join(path)).unwrap());
    assert!(
        answer
            .head
            .contains("cache-control: public, max-age=31536000, immutable"),
        "{}",
        answer.head
    );
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_server_that_does_not_answer_is_an_error_that_names_the_bucket() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let mut command = archive.command(&["replicate", "--to", "s3://nowhere"]);
    command
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", port()))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let refused = Run::of(&mut command).exits(3);
    assert!(refused.stderr.contains("s3://nowhere"), "{}", refused.report());
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_archive_lives_in_a_bucket_from_upload_to_apt() {
    let native = apt::native_architecture();
    let archive = TestArchive::init(&["--architecture", &native, "--url", "http://127.0.0.1:1"]);
    archive.configure_last_suite("suite = \"prod\"");
    archive.account("keeper", &["--role", "admin"]);
    let token = archive.token("keeper", &["upload:stable/*"]);
    curl("PUT", "lives");
    let endpoint = format!("http://127.0.0.1:{}", port());
    let settings = [
        ("STORAGE_URL", "s3://lives/archive"),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let repogen = |arguments: &[&str]| Run::of(archive.command(arguments).envs(settings)).ok();
    let get = |path: &str| curl("GET", &format!("lives/archive/{path}"));

    let server = Uploader::with(&archive, &settings);
    let live = "suite=stable&wait=published";
    let taken = server.upload(&package("hello", "1.0"), live, &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let path = "/pool/main/h/hello/hello_1.0_all.deb";
    let whole = server.get(path, None);
    assert_eq!((whole.status, whole.body), (200, package("hello", "1.0").build()));
    assert_eq!(
        get("dists/prod/InRelease").body,
        get("dists/stable/InRelease").body
    );

    let sources = String::from_utf8(get("stable.sources").body).unwrap();
    let url = format!("http://127.0.0.1:{}/lives/archive", port());
    let apt = Apt::new(&sources.replace("http://127.0.0.1:1", &url));
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert!(apt.system().join("usr/share/hello/hello").exists());

    // Of what a killed server held nothing is missing: all of it is in the bucket and the catalog.
    server.kill();
    std::fs::remove_dir_all(archive.root().join("state")).unwrap();
    let server = Uploader::with(&archive, &settings);
    let taken = server.upload(&package("next", "1.0"), live, &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let again = server.upload(&package("next", "1.0"), live, &token);
    assert_eq!(again.status, 200, "{}", again.text());
    let other = package("next", "1.0").file("usr/share/next/other", "other");
    assert_eq!(server.upload(&other, live, &token).status, 409);
    apt.update().silent();
    apt.install(&["next"]).silent();
    assert_eq!(server.stop(), Some(0));

    repogen(&["remove", "hello"]);
    repogen(&["publish"]);
    assert_eq!(repogen(&["verify"]).stdout, "");
    apt.update().silent();
    // `init` published here, before the variable was set; no package came here since.
    assert!(!archive.root().join("pool/main").exists());
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_archive_in_a_bucket_has_the_same_pages_with_their_types() {
    let archive = InBucket::new("pages", &["--url", "https://example.org/apt"]);
    archive.add(&package("g++", "1.0"));
    archive.add(&package("hello", "1.0").depends("g++"));
    archive.repogen(&["publish"]).ok();
    let page = archive.get("browse/stable/g%2B%2B/index.html");
    assert!(
        String::from_utf8(page.body)
            .unwrap()
            .contains("stable/hello/index.html")
    );
    for (path, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("browse/stable/hello/index.html", "text/html; charset=utf-8"),
        ("browse/stable/hello/badge.svg", "image/svg+xml"),
        ("browse/stable/_search/h.json", "application/json"),
        ("browse/_assets/site.css", "text/css; charset=utf-8"),
        ("browse/_assets/site.js", "text/javascript; charset=utf-8"),
        ("sitemap.xml", "application/xml"),
    ] {
        let head = archive.get(path).head;
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
    }

    // What this machine knew of the pages is lost: they are written once more, and what is of no use goes.
    std::fs::remove_dir_all(archive.archive.home().join("state")).unwrap();
    archive.repogen(&["remove", "hello"]).ok();
    archive.repogen(&["publish"]).ok();
    let files = archive.list("browse/stable/");
    assert!(files.contains("g++/index.html"), "{files}");
    assert!(!files.contains("hello"), "{files}");
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}
