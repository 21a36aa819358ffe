//! What an upload in parts is admitted for.

use archive_catalog::accounts::Role;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use debian_deb::build::DebBuilder;
use serde_json::json;

use crate::temporary_server::TemporaryServer;

const KIND: (&str, &str) = ("content-type", "application/offset+octet-stream");

#[tokio::test]
async fn administrators_may_send_what_is_known_to_be_vulnerable_in_parts() {
    let rule = "[vulnerabilities]\nsource = \"unused\"\nblock = { stable = \"high\" }\n";
    let server = TemporaryServer::configured(rule, &[]);
    server.account("root", Role::Admin, &[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    let (root, jane) = (
        server.token("root", &["admin"]),
        server.token("jane", &["upload:stable/*"]),
    );
    let issue = json!({"releases": {"stable": {"status": "open", "urgency": "high"}}});
    server.keep_advisory("stable", "hello", &json!({"issues": {"CVE-1": issue}}));
    let package = DebBuilder::new("hello", "1.0", "all").build();
    let length = package.len().to_string();
    let begin = async |token: &str, query: &str| {
        let path = format!("/api/uploads?suite=stable{query}");
        let headers = [("upload-length", length.as_str())];
        server.ask(("POST", &path), Some(token), &headers, "").await
    };
    let send = async |query: &str| {
        let begun = begin(&root, query).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        let path = begun.headers["location"].to_str().unwrap();
        let headers = [KIND, ("upload-offset", "0")];
        server
            .ask(("PATCH", path), Some(&root), &headers, package.clone())
            .await
    };
    let refused = begin(&jane, "&allow_vulnerable=true").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let refused = send("").await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(
        refused.body.contains("\"code\":\"vulnerable\""),
        "{}",
        refused.body
    );
    let taken = send("&allow_vulnerable=true").await;
    assert_eq!(taken.status, 204, "{}", taken.body);
}

#[tokio::test]
async fn the_type_of_a_part_is_the_same_in_any_case_and_with_parameters() {
    let server = TemporaryServer::new(&[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    let jane = server.token("jane", &["upload:stable/*"]);
    let begin = ("POST", "/api/uploads?suite=stable");
    let begun = server
        .ask(begin, Some(&jane), &[("upload-length", "9")], "")
        .await;
    let path = begun.headers["location"].to_str().unwrap();
    for (at, kind, status) in [
        ("0", "Application/Offset+Octet-Stream", 204),
        ("1", "application/offset+octet-stream; x=y", 204),
        ("2", "application/octet-stream", 415),
        ("2", "application/offset+octet-stream-x", 415),
    ] {
        let headers = [("content-type", kind), ("upload-offset", at)];
        let answer = server.ask(("PATCH", path), Some(&jane), &headers, "x").await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_token_that_may_not_upload_neither_sees_nor_deletes_the_uploads_of_others() {
    let server = TemporaryServer::new(&[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    let jane = server.token("jane", &["upload:stable/*"]);
    let reader = server.token("jane", &["read:stable"]);
    let other = server.token("jane", &["upload:stable/hello"]);
    let begin = ("POST", "/api/uploads?suite=stable");
    let begun = server
        .ask(begin, Some(&jane), &[("upload-length", "9")], "")
        .await;
    let path = begun.headers["location"].to_str().unwrap();
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = server.ask((method, path), Some(&reader), &[], "").await;
        assert_eq!(answer.status, 404, "{method}: {}", answer.body);
    }
    let list = |token| server.ask(("GET", "/api/uploads"), Some(token), &[], "");
    for token in [&reader, &other] {
        let listed = list(token).await.body;
        assert!(listed.starts_with("{\"items\":[]"), "{listed}");
    }
    assert!(list(&jane).await.body.contains("\"length\":9"));
    // Whoever knows the ID of what says nothing of its package has begun it.
    let deleted = server.ask(("DELETE", path), Some(&other), &[], "").await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
}

#[tokio::test]
async fn a_token_handles_uploads_of_names_that_it_may_upload_and_no_others() {
    let server = TemporaryServer::new(&[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    let hello = server.token("jane", &["upload:stable/hello*"]);
    let world = server.token("jane", &["upload:stable/world"]);
    let begin = async |token: &str, name: &str| {
        let metadata = format!("filename {}", STANDARD.encode(name));
        let headers = [("upload-length", "9"), ("upload-metadata", metadata.as_str())];
        let route = ("POST", "/api/uploads?suite=stable");
        server.ask(route, Some(token), &headers, "").await
    };
    let refused = begin(&world, "hello-world_1.0_all.deb").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let begun = begin(&hello, "hello-world_1.0_all.deb").await;
    let path = begun.headers["location"].to_str().unwrap();
    let append = [KIND, ("upload-offset", "0")];
    let requests = [
        ("GET", &[][..]),
        ("HEAD", &[]),
        ("PATCH", &append),
        ("DELETE", &[]),
    ];
    for (token, status) in [(&world, [404; 4]), (&hello, [200, 200, 204, 204])] {
        let listed = server.ask(("GET", "/api/uploads"), Some(token), &[], "").await;
        assert_eq!(
            listed.body.contains("hello-world"),
            status[0] == 200,
            "{}",
            listed.body
        );
        for ((method, headers), status) in requests.iter().zip(status) {
            let body = if *method == "PATCH" { "x" } else { "" };
            let answer = server.ask((method, path), Some(token), headers, body).await;
            assert_eq!(answer.status, status, "{method}: {}", answer.body);
        }
    }
}
