//! How many requests to a bucket something takes: each costs money and time.

use std::collections::BTreeSet;

use super::{InBucket, curl, package};
use archive_tests::changes::changes;

/// Returns the requests to a bucket since it was made, in their order: method and path.
fn requests(bucket: &str) -> Vec<String> {
    let log = std::env::var("TEST_S3_LOG").expect("`make test-s3` names the log of its server");
    let log = std::fs::read_to_string(log).unwrap();
    let root = format!("/{bucket}");
    log.lines()
        .filter_map(|line| {
            let (_, request) = line.split_once('"')?;
            let (method, path) = request.split_once(" HTTP/")?.0.split_once(' ')?;
            Some(format!("{method} {}", path.strip_prefix(&root)?))
        })
        .collect()
}

/// Returns the requests that `work` makes.
fn during(archive: &InBucket, work: impl FnOnce()) -> Vec<String> {
    let before = requests(archive.bucket).len();
    work();
    requests(archive.bucket).split_off(before)
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_upload_is_one_request_and_a_publish_a_few_beside_the_changed_files() {
    let archive = InBucket::new("counted", &["--architecture", "amd64"]);
    archive.archive.account("keeper", &["--role", "admin"]);
    let token = archive.archive.token("keeper", &["upload:stable/*"]);
    for name in ["one", "two", "three"] {
        archive.add(&package(name, "1.0"));
    }
    archive.repogen(&["publish"]).ok();
    let server = archive.serve(&[("PUBLISHER", "off")]);
    let upload = |name: &str, status: u16| {
        let mut sent = during(&archive, || {
            let taken = server.upload(&package(name, "1.0"), "suite=stable", &token);
            assert_eq!(taken.status, status, "{}", taken.text());
        });
        // By itself the server looks which keys end soon.
        sent.retain(|request| request != "GET /archive/archive-keyring.pgp");
        sent
    };
    assert_eq!(
        upload("hello", 201),
        ["PUT /archive/pool/main/h/hello/hello_1.0_all.deb"]
    );
    assert!(upload("hello", 200).len() <= 1);

    let (file, put) = (package("queued", "1.0").build(), |name: &str, bytes: &[u8]| {
        let path = format!("/api/upload/stable/queue/{name}");
        server.send("PUT", &path, Some(&token), (&[], bytes)).status
    });
    let list = changes("queued", &[("queued_1.0_all.deb", &file)]);
    let queued = during(&archive, || {
        assert_eq!(put("queued_1.0_all.deb", &file), 202);
        assert_eq!(put("queued_1.0_all.changes", list.as_bytes()), 201);
    });
    // It is written twice and read once; that it is deleted is a request of the set.
    assert_eq!(queued.len(), 4, "{queued:#?}");
    server.stop();

    let publish = during(&archive, || {
        archive.repogen(&["publish"]).ok();
    });
    // Each changed index has two names.
    let changed = publish
        .iter()
        .filter(|request| request.contains("/by-hash/"))
        .count();
    assert!(changed >= 4, "{publish:#?}");
    let is_page = |request: &&String| {
        let root = [
            "index.html",
            "status.html",
            "status.json",
            "sitemap.xml",
            "robots.txt",
        ];
        request.contains("/browse/")
            || root
                .iter()
                .any(|name| request.ends_with(&format!("/archive/{name}")))
    };
    let pages = publish.iter().filter(is_page).count();
    // An InRelease within a second of the last is written again until the store says that it is later: that counts once.
    let others: BTreeSet<&String> = publish.iter().filter(|request| !is_page(request)).collect();
    // The names of the Release, and of what tells that nobody else published: two looks before, one after.
    assert_eq!(others.len() - 2 * changed, 6, "{publish:#?}");
    // What this machine wrote and nobody replaced is not asked for, and what it never wrote is not deleted.
    let looks: BTreeSet<&str> = publish
        .iter()
        .map(String::as_str)
        .filter(|request| !request.starts_with("PUT "))
        .collect();
    let expected = [
        "GET /archive/browse/stable/index.json",
        "GET /archive/dists/stable/InRelease",
        "GET /archive/dists/stable/Release",
        "HEAD /archive/dists/stable/InRelease",
    ];
    assert_eq!(looks, BTreeSet::from(expected), "{publish:#?}");
    let is_fixed = |request: &String| request.contains("/_assets/") || request.ends_with("/robots.txt");
    assert!(!publish.iter().any(is_fixed), "{publish:#?}");
    // Pages of the two packages that came, and the lists that show them; those of other packages are left alone.
    assert!(
        publish.contains(&"PUT /archive/browse/stable/hello/index.html".to_owned()),
        "{publish:#?}"
    );
    assert!(
        !publish
            .iter()
            .any(|request| request.contains("/browse/stable/one/")),
        "{publish:#?}"
    );
    assert!(pages <= 45, "{pages}: {publish:#?}");
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_alias_that_moves_to_another_suite_shows_that_with_the_next_publish() {
    let suites = ["--suite", "stable", "--suite", "testing"];
    let archive = InBucket::new(
        "moved-alias",
        &[&suites[..], &["--architecture", "amd64"]].concat(),
    );
    archive.archive.configure_last_suite("suite = \"edge\"");
    archive.repogen(&["publish"]).ok();
    let shown = || {
        let inrelease = curl("GET", "moved-alias/archive/dists/edge/InRelease").body;
        String::from_utf8_lossy(&inrelease).into_owned()
    };
    assert!(shown().contains("Codename: testing"), "{}", shown());
    // To the one that is published first.
    archive.archive.configure("suite = \"edge\"", "");
    let stable = "codename      = \"stable\"";
    archive
        .archive
        .configure(stable, &format!("{stable}\nsuite = \"edge\""));
    archive.repogen(&["publish"]).ok();
    assert!(shown().contains("Codename: stable"), "{}", shown());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_publish_with_an_alias_looks_at_few_names_and_takes_the_alias_down_when_told() {
    let archive = InBucket::new("aliased", &["--architecture", "amd64"]);
    archive.archive.configure_last_suite("suite = \"prod\"");
    for name in ["one", "two"] {
        archive.add(&package(name, "1.0"));
        archive.repogen(&["publish"]).ok();
    }
    archive.add(&package("three", "1.0"));
    let publish = during(&archive, || {
        archive.repogen(&["publish"]).ok();
    });
    let is_look = |request: &&String| {
        let is_asked = request.starts_with("GET ") || request.starts_with("HEAD ");
        is_asked && !request.contains("/browse/")
    };
    let looks: BTreeSet<&str> = publish.iter().filter(is_look).map(String::as_str).collect();
    let expected = [
        "GET /archive/dists/prod/InRelease",
        "GET /archive/dists/stable/InRelease",
        "GET /archive/dists/stable/Release",
        "HEAD /archive/dists/prod/InRelease",
        "HEAD /archive/dists/stable/InRelease",
    ];
    assert_eq!(looks, BTreeSet::from(expected), "{publish:#?}");

    archive.archive.configure("suite = \"prod\"", "");
    let refused = archive.repogen(&["publish"]).exits(1);
    assert!(
        refused.stderr.contains("its alias `prod` would disappear"),
        "{}",
        refused.report()
    );
    let dropped = during(&archive, || {
        archive.repogen(&["publish", "--drop"]).ok();
    });
    let is_deleted = |path: &str| dropped.iter().any(|request| request.ends_with(path));
    assert!(
        is_deleted("/archive/dists/prod/InRelease") || is_deleted("?delete"),
        "{dropped:#?}"
    );
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}
