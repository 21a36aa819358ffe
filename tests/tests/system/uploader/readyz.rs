//! What a server may lack for a while: a signer, room on the disk, its turn at the catalog. It says so, and goes on by itself.

use archive_tests::uploader::PASSWORD;
use archive_tests::{DebBuilder, Gpg, SmallDisk, TestArchive, Uploader};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

fn admin(archive: &TestArchive) -> String {
    archive.account("root", &["--role", "admin"]);
    archive.token("root", &["admin"])
}

/// Returns the status of `/readyz`, and what it says.
fn readiness(server: &Uploader) -> (u16, Value) {
    let answer = server.get("/readyz", None);
    (answer.status, answer.json())
}

#[test]
fn a_signer_that_fails_is_told_to_who_waits_and_what_waits_is_published_later() {
    let gpg = Gpg::new();
    let fingerprint = gpg.key("ed25519", "");
    let archive = TestArchive::new();
    let script = archive.root().join("signer");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\n[ \"$REPOGEN_SIGN\" = export ] || [ ! -e \"$0.broken\" ] || {{ echo no card >&2; exit 7; }}\n\
             exec gpg --homedir '{}' --batch --local-user {fingerprint} \"$@\"\n",
            gpg.home().display()
        ),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let command = format!("command = [\"{}\"]", script.display());
    archive.configure("key = \"keys/archive.pgp\"", &command);
    let token = admin(&archive);
    let server = Uploader::start(&archive);
    let package = |name: &str| DebBuilder::new(name, "1.0", "all");
    assert_eq!(
        server.upload(&package("first"), "wait=published", &token).status,
        201
    );
    let (status, said) = readiness(&server);
    assert_eq!((status, &said["status"]), (200, &json!("ready")), "{said}");

    let broken = archive.root().join("signer.broken");
    fs::write(&broken, "").unwrap();
    for name in ["second", "third"] {
        let since = Instant::now();
        let answer = server.upload(&package(name), "wait=published", &token);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (503, &json!("signing_unavailable")),
            "{name}"
        );
        assert!(answer.header("retry-after").is_some());
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    }
    let (status, said) = readiness(&server);
    assert_eq!(
        (status, &said["status"], &said["publishing"]),
        (200, &json!("degraded"), &json!(false)),
        "{said}"
    );
    assert!(said["wrong"][0].as_str().unwrap().contains("signing"), "{said}");
    let publishing = || server.get("/api/suites/stable/publishing", None).json();
    let said = publishing();
    assert_eq!(
        (&said["is_published"], &said["failing"]),
        (&json!(false), &json!("signing")),
        "{said}"
    );
    let failing = "publish_failing_suites{reason=\"signing\"}";
    let metrics = server.get("/metrics", None).text();
    assert!(metrics.contains(&format!("{failing} 1")), "{metrics}");

    fs::remove_file(&broken).unwrap();
    server.logged("is published again", 1);
    let (_, said) = readiness(&server);
    assert_eq!(said["status"], "ready", "{said}");
    let metrics = server.get("/metrics", None).text();
    assert!(metrics.contains(&format!("{failing} 0")), "{metrics}");
    let again = server.upload(&package("third"), "wait=published", &token);
    assert_eq!(again.status, 200, "{}", again.text());
    let said = publishing();
    assert_eq!(
        (&said["is_published"], &said["failing"]),
        (&json!(true), &json!(null)),
        "{said}"
    );
    assert_eq!(said["published_revision"], said["revision"], "{said}");
    assert_eq!(said["packages"], 3, "{said}");
}

#[test]
fn a_full_disk_is_no_failure_of_the_server() {
    let Some(disk) = SmallDisk::for_test(160) else {
        return;
    };
    let archive = TestArchive::empty_on(&disk);
    archive.repogen(&["init"]).ok();
    let token = admin(&archive);
    let server = Uploader::start(&archive);
    let package = DebBuilder::new("hello", "1.0", "all");
    let id = server.upload(&package, "wait=published", &token).json()["id"].clone();
    let path = format!("/api/packages/{}", id.as_str().unwrap());

    disk.fill(32 << 20);
    let (status, said) = readiness(&server);
    assert_eq!((status, &said["status"]), (200, &json!("degraded")), "{said}");
    disk.free();

    disk.fill(0);
    let (status, said) = readiness(&server);
    assert_eq!((status, &said["status"]), (503, &json!("unready")), "{said}");
    assert_eq!(said["wrong"], json!(["the disk is full"]));
    // The log of the catalog has some room of its own, which is used up first.
    let refused = (0..200).find_map(|number| {
        let body = json!({ "name": format!("t{number}"), "scopes": ["read:stable"] });
        let answer = server.json("POST", "/api/tokens", Some(&token), &body);
        (answer.status != 201).then_some(answer)
    });
    let refused = refused.expect("a full disk takes no token");
    let login = json!({ "username": "root", "password": format!("not {PASSWORD}") });
    for answer in [refused, server.send("DELETE", &path, Some(&token), (&[], &[]))] {
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (507, &json!("storage_full")),
            "{}",
            answer.text()
        );
        assert!(answer.header("retry-after").is_some());
    }
    let answer = server.json("POST", "/api/auth/login", None, &login);
    assert_eq!(answer.status, 401, "its record waits: {}", answer.text());
    assert_eq!(server.get(&path, None).status, 200, "reading goes on");
    disk.free();
    let (status, said) = readiness(&server);
    assert_eq!((status, &said["status"]), (200, &json!("ready")), "{said}");
    assert_eq!(server.send("DELETE", &path, Some(&token), (&[], &[])).status, 204);
}

#[test]
fn who_reads_waits_for_nobody_who_writes_and_who_writes_is_told_to_come_again() {
    let archive = TestArchive::new();
    let token = admin(&archive);
    let server = Uploader::start(&archive);
    let package = DebBuilder::new("hello", "1.0", "all");
    let id = server.upload(&package, "", &token).json()["id"].clone();
    let path = format!("/api/packages/{}", id.as_str().unwrap());
    let other = rusqlite::Connection::open(archive.root().join("catalog.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let writing: Vec<_> = (0..40)
            .map(|number| {
                let (server, token, path) = (&server, &token, &path);
                scope.spawn(move || match number {
                    0 => server.upload(&DebBuilder::new("late", "1.0", "all"), "", token),
                    // Changes that take turns do not wait for the catalog one after the other.
                    1..4 => server.json("PUT", path, Some(token), &json!({ "section": "web" })),
                    _ => {
                        let body = json!({ "name": format!("t{number}"), "scopes": ["read:stable"] });
                        server.json("POST", "/api/tokens", Some(token), &body)
                    }
                })
            })
            .collect();
        // Until the first has been told, which is long after all have begun.
        while writing.iter().all(|thread| !thread.is_finished()) {
            for path in ["/readyz", "/api/packages", "/api/packages/search/hello", &path] {
                let since = Instant::now();
                assert_eq!(server.get(path, None).status, 200, "{path}");
                let took = since.elapsed();
                assert!(took < Duration::from_secs(5), "{path} took {took:?}");
            }
        }
        let statuses: Vec<u16> = writing
            .into_iter()
            .map(|thread| thread.join().unwrap().status)
            .collect();
        assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(55), "the last waited for {took:?}");
    });
    other.execute_batch("rollback").unwrap();
    let log = server.log();
    let told: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("another process has locked the catalog"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!told.is_empty());
    for line in told {
        assert!(line.to_string().contains("request_id"), "{line}");
    }
}
