//! Private suites exist for their readers only.

use archive_tests::{Apt, DebBuilder, Nginx, TestArchive, Uploader, apt};
use serde_json::json;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn private_suites_are_there_for_their_readers_only() {
    let archive = TestArchive::empty();
    let native = apt::native_architecture();
    let url = "http://127.0.0.1:1";
    archive
        .repogen(&[
            "init",
            "--url",
            url,
            "--suite",
            "stable",
            "--suite",
            "secret",
            "--architecture",
            &native,
        ])
        .ok();
    archive.configure_last_suite("private = true");
    archive.publish();
    archive.account("root", &["--role", "admin"]);
    archive.account("friend", &["--role", "user", "--suite", "secret"]);
    archive.account("other", &["--role", "user"]);
    let root = archive.token("root", &["admin"]);
    let friend = archive.token("friend", &["read:secret"]);
    let other = archive.token("other", &["read:stable"]);
    let server = Uploader::start(&archive);
    let uploaded = server.upload(&hello("1.0"), "suite=secret&wait=published", &root);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let id = uploaded.json()["id"].as_str().unwrap().to_owned();

    for path in [
        "/api/packages?suite=secret".to_owned(),
        format!("/api/packages/{id}"),
        format!("/api/packages/{id}/download"),
        format!("/api/packages/{id}/publishing"),
        "/api/suites/secret/publications".to_owned(),
        "/api/suites/secret/snapshots".to_owned(),
    ] {
        assert_eq!(server.get(&path, Some(&friend)).status, 200, "{path}");
        let missing = path.replace("secret", "nowhere").replace(&id, &"0".repeat(32));
        for token in [None, Some(other.as_str())] {
            let (hidden, missing) = (server.get(&path, token), server.get(&missing, token));
            assert_eq!(hidden.status, 404, "{path}");
            assert_eq!(hidden.json()["code"], missing.json()["code"], "{path}");
        }
    }
    assert_eq!(
        server.get("/api/packages/search/hello", None).json()["items"],
        json!([])
    );
    assert_eq!(
        server.get("/api/suites", Some(&other)).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let upload = server.upload(&hello("2.0"), "suite=secret", &other);
    assert_eq!(upload.status, 404, "{}", upload.text());

    let check = |token: Option<&str>, address: &str| {
        let headers = [("X-Original-URI", address)];
        server
            .send("GET", "/api/auth/check", token, (&headers, &[]))
            .status
    };
    let release = "/private/secret/dists/secret/InRelease";
    for public in ["/dists/stable/InRelease", "/", "/browse/stable/"] {
        assert_eq!(check(None, public), 204, "{public}");
    }
    assert_eq!(check(None, release), 401);
    assert_eq!(check(Some(&other), release), 403);
    assert_eq!(
        check(Some(&other), "/private/nowhere/dists/nowhere/InRelease"),
        403
    );
    assert_eq!(check(Some(&friend), release), 204);
    for address in [
        "/private/secret/../secret/x",
        "//private/secret/dists/secret/InRelease",
        "/./private/secret/dists/x",
        "/private",
    ] {
        assert_eq!(
            (check(None, address), check(Some(&friend), address)),
            (401, 403),
            "{address}"
        );
    }
    assert_eq!(check(None, "/%70rivate/secret/dists/secret/InRelease"), 401);
    assert_eq!(
        server.get(release, None).header("www-authenticate").as_deref(),
        Some("Basic realm=\"archive\", charset=\"UTF-8\"")
    );
    assert_eq!(server.get(release, Some(&other)).status, 404);
    let served = server.get(release, Some(&friend));
    assert_eq!(
        served.header("cache-control").as_deref(),
        Some("private, max-age=0, must-revalidate")
    );

    let key: String = archive
        .read("stable.sources")
        .lines()
        .skip_while(|line| !line.starts_with("Signed-By"))
        .map(|line| format!("{line}\n"))
        .collect();
    let sources = format!(
        "Types: deb\nURIs: {}/private/secret\nSuites: secret\nComponents: main\n{key}",
        server.url()
    );
    let apt = Apt::new(&sources);
    assert_ne!(apt.update().run.code, 0, "without a password apt reads nothing");
    let login = format!(
        "machine {}/private/secret login apt password {friend}\n",
        server.url()
    );
    std::fs::write(apt.auth().join("archive.conf"), login).unwrap();
    apt.update().silent();
    apt.install(&["hello"]).silent();

    // The same through nginx, which asks the uploader and serves the files itself.
    let nginx = Nginx::before(server.port(), &archive.root());
    assert_eq!(nginx.get("/dists/stable/InRelease").status, 200);
    assert_eq!(nginx.get("/api/packages").status, 200);
    for address in [
        release,
        "//private/secret/dists/secret/InRelease",
        "/dists/../private/secret/dists/secret/InRelease",
    ] {
        let refused = nginx.get(address);
        assert_eq!(refused.status, 401, "{address}");
        assert!(
            refused.header("www-authenticate").unwrap().starts_with("Basic"),
            "{address}"
        );
    }
    let bearer = format!("Bearer {other}");
    let hidden = archive_tests::http::request(nginx.port(), "GET", release, &[("Authorization", &bearer)]);
    assert_eq!(hidden.status, 404);
    let apt = Apt::new(&sources.replace(&server.url(), &nginx.url()));
    assert_ne!(apt.update().run.code, 0, "without a password apt reads nothing");
    let login = format!(
        "machine {}/private/secret login apt password {friend}\n",
        nginx.url()
    );
    std::fs::write(apt.auth().join("archive.conf"), login).unwrap();
    apt.update().silent();
    apt.install(&["hello"]).silent();
}

#[test]
fn an_upload_that_names_no_suite_does_not_tell_the_only_one() {
    let archive = TestArchive::init(&["--suite", "hidden"]);
    archive.configure_last_suite("private = true");
    archive.account("other", &["--role", "user"]);
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let other = server.login("other");
    let refused = server.upload(&hello("1.0"), "", &other);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("suite_required"))
    );
    assert!(!refused.text().contains("hidden"), "{}", refused.text());
    assert_eq!(server.upload(&hello("1.0"), "", &root).status, 201);
}
