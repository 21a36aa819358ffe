//! The log and the audit log, against those who write into them and those who read them.

use archive_tests::uploader::PASSWORD;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

const FORGED: &str = "x\n{\"level\":\"INFO\",\"message\":\"forged\"}";

#[test]
fn what_clients_send_does_not_make_lines_of_the_log() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    let server = Uploader::with(&archive, &[("RUST_LOG", "trace")]);
    let login = json!({ "username": FORGED, "password": PASSWORD });
    assert_eq!(server.json("POST", "/api/auth/login", None, &login).status, 401);
    let encoded = "x%0a%7B%22message%22%3A%22forged%22%7D";
    for path in [
        format!("/api/packages/{encoded}"),
        format!("/api/packages?suite={encoded}"),
        format!("/{encoded}"),
    ] {
        let headers = [
            ("User-Agent", "a\u{1b}[31mred"),
            ("X-Request-Id", "forged id \"}"),
        ];
        let answer = server.send("GET", &path, None, (&headers, &[]));
        assert!(answer.status < 500, "{path}: {}", answer.text());
        assert_ne!(answer.header("x-request-id").as_deref(), Some("forged id \"}"));
    }
    let audit = server.get("/api/audit", Some(&root)).json();
    let refused = &audit["items"][0];
    assert_eq!(refused["action"], "login.refused");
    assert!(!refused["subject"].as_str().unwrap().contains('\n'), "{refused}");
    for line in server.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(line["message"], "forged");
        assert!(!line.to_string().contains('\u{1b}'));
    }
}

#[test]
fn no_secret_is_in_the_log_however_much_is_logged() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::with(&archive, &[("RUST_LOG", "trace")]);
    let session = server.login("root");
    let wrong = json!({ "username": "root", "password": "a password that is wrong" });
    assert_eq!(server.json("POST", "/api/auth/login", None, &wrong).status, 401);
    let made = json!({ "name": "one", "scopes": ["read:stable"] });
    let made = server.json("POST", "/api/tokens", Some(&session), &made).json();
    let uploaded = server.upload(&DebBuilder::new("hello", "1.0", "all"), "", &token);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let basic = server.curl(&["-u", &format!("ci:{token}")], "/api/auth/check");
    basic.ok();
    let log = server.log();
    assert!(log.contains("answered"), "{log}");
    let secrets = [
        PASSWORD,
        "a password that is wrong",
        &token,
        &session,
        made["token"].as_str().unwrap(),
        archive_tests::uploader::JWT_SECRET,
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[test]
fn a_log_that_nobody_reads_any_more_fails_no_request() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    let server = Uploader::with(&archive, &[("RUST_LOG", "trace")]);
    server.stop_reading_log();
    for version in ["1.0", "2.0", "3.0"] {
        let uploaded = server.upload(&DebBuilder::new("hello", version, "all"), "", &root);
        assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    }
    assert_eq!(server.get("/readyz", None).status, 200);
    assert_eq!(server.stop(), Some(0));
}
