//! Changes that are only for a certain state of what they change.

use serde_json::json;

use super::hostile::outcome;
use super::{JSON, package, world};

#[tokio::test]
async fn a_change_that_excludes_what_is_there_is_not_made() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let package = package(&server).await;
    for (token, path, body) in [
        (&jane, package.as_str(), json!({"section": "admin"})),
        (&root, "/api/users/joe", json!({"disabled": true})),
    ] {
        let shown = server.ask(("GET", path), Some(token), &[], "").await;
        let tag = shown.headers["etag"].to_str().unwrap();
        let weak = format!("\"other\", W/{tag}");
        for excluded in ["*", tag, &weak] {
            let headers = [JSON, ("if-none-match", excluded)];
            let change = server.ask(("PUT", path), Some(token), &headers, body.to_string());
            let delete = server.ask(("DELETE", path), Some(token), &headers, "");
            for answer in [change.await, delete.await] {
                assert_eq!(
                    outcome(&answer),
                    (412, "precondition_failed".into()),
                    "{path}: {excluded}"
                );
            }
        }
        let headers = [JSON, ("if-none-match", "\"other\"")];
        let change = server.ask(("PUT", path), Some(token), &headers, body.to_string());
        assert_eq!(change.await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_condition_on_what_has_no_tag_is_not_passed_over() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    let package = package(&server).await;
    let yank = format!("{package}/yank");
    for (method, path, body) in [
        ("DELETE", "/api/tokens/x", json!(null)),
        ("POST", "/api/tokens/x/rotation", json!(null)),
        (
            "POST",
            "/api/tokens",
            json!({"name": "ci", "scopes": ["read:stable"]}),
        ),
        ("DELETE", "/api/publishers/x", json!(null)),
        (
            "DELETE",
            "/api/suites/stable/snapshots/20300101T000000Z",
            json!(null),
        ),
        ("POST", yank.as_str(), json!({"reason": "it is broken"})),
        ("POST", "/api/packages/deletions", json!({"ids": []})),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let tag = [JSON, ("if-match", "\"seen\"")];
        let answer = server.ask((method, path), Some(&root), &tag, body.clone()).await;
        assert_eq!(
            outcome(&answer),
            (412, "precondition_failed".into()),
            "{method} {path}"
        );
        let any = [JSON, ("if-match", "*")];
        let answer = server.ask((method, path), Some(&root), &any, body).await;
        assert_ne!(answer.status, 412, "{method} {path}");
    }
    // Reading is not a change.
    let tag = [("if-match", "\"seen\"")];
    let read = server.ask(("GET", "/api/tokens"), Some(&root), &tag, "").await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn a_quota_is_set_only_as_it_was_seen() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for path in ["/api/suites/stable/quota", "/api/users/joe/quota"] {
        let shown = server.ask(("GET", path), Some(&root), &[], "").await;
        let tag = shown.headers["etag"].to_str().unwrap().to_owned();
        let is_known = [("if-none-match", tag.as_str())];
        let known = server.ask(("GET", path), Some(&root), &is_known, "").await;
        assert_eq!(known.status, 304, "{path}");
        let as_seen = [JSON, ("if-match", tag.as_str())];
        let body = json!({"max_packages": 7}).to_string();
        let set = server.ask(("PUT", path), Some(&root), &as_seen, body).await;
        assert_eq!(set.status, 200, "{path}: {}", set.body);
        let body = json!({"max_packages": 8}).to_string();
        let late = server.ask(("PUT", path), Some(&root), &as_seen, body).await;
        assert_eq!(outcome(&late), (412, "precondition_failed".into()), "{path}");
        let shown = server.ask(("GET", path), Some(&root), &[], "").await;
        assert!(shown.body.contains("\"max_packages\":7"), "{}", shown.body);
    }
}

#[tokio::test]
async fn what_is_read_of_one_suite_names_all_and_is_written_back_without_loss() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    let package = package(&server).await;
    let both = json!({"suites": ["stable", "secret"]}).to_string();
    let change = server.ask(("PUT", package.as_str()), Some(&root), &[JSON], both);
    assert_eq!(change.await.status, 200);
    let read = |path: &'static str| server.ask(("GET", path), Some(&root), &[], "");
    for path in [
        "/api/packages?suite=stable",
        "/api/packages/search/hello?suite=stable",
    ] {
        let list: serde_json::Value = serde_json::from_str(&read(path).await.body).unwrap();
        let suites = list["items"][0]["suites"].as_array().unwrap();
        let names: Vec<&str> = suites
            .iter()
            .map(|place| place["suite"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["secret", "stable"], "{path}");
    }
    // Whoever may not read the other one does not learn of it.
    let list = server
        .ask(("GET", "/api/packages?suite=stable"), None, &[], "")
        .await;
    assert!(!list.body.contains("secret"), "{}", list.body);
}

#[tokio::test]
async fn a_package_is_changed_in_one_suite_by_whoever_maintains_that_one() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let package = package(&server).await;
    let both = json!({"suites": ["stable", "secret"]}).to_string();
    let change = server.ask(("PUT", package.as_str()), Some(&root), &[JSON], both);
    assert_eq!(change.await.status, 200);
    server.account("mia", archive_catalog::accounts::Role::Maintainer, &["secret"]);
    let mia = server.token("mia", &["upload:secret/*", "read:secret"]);
    let in_secret = format!("{package}?suite=secret");
    let shown = server.ask(("GET", &in_secret), Some(&mia), &[], "").await;
    let tag = shown.headers["etag"].to_str().unwrap().to_owned();
    let body = json!({"section": "sekrit", "tags": ["ours"]}).to_string();
    let as_seen = [JSON, ("if-match", tag.as_str())];
    let all = server.ask(("PUT", package.as_str()), Some(&mia), &[JSON], body.clone());
    assert_eq!(outcome(&all.await), (403, "forbidden".into()));
    let one = server
        .ask(("PUT", &in_secret), Some(&mia), &as_seen, body.clone())
        .await;
    assert_eq!(one.status, 200, "{}", one.body);
    assert!(one.body.contains("\"section\":\"sekrit\""), "{}", one.body);
    let late = server.ask(("PUT", &in_secret), Some(&mia), &as_seen, body.clone());
    assert_eq!(outcome(&late.await), (412, "precondition_failed".into()));
    for path in [format!("{package}?suite=stable"), package.clone()] {
        let public = server.ask(("GET", &path), None, &[], "").await;
        assert!(!public.body.contains("sekrit"), "{path}: {}", public.body);
        assert!(!public.body.contains("ours"), "{path}: {}", public.body);
    }
    // Whoever may not know of the suite is told that it does not exist; and `suites` are of no single one.
    let stranger = server.ask(("PUT", &in_secret), Some(&jane), &[JSON], body);
    assert_eq!(outcome(&stranger.await), (404, "suite_not_found".into()));
    let body = json!({"suites": ["stable"]}).to_string();
    let mixed = server.ask(("PUT", &in_secret), Some(&root), &[JSON], body);
    assert_eq!(outcome(&mixed.await), (422, "invalid_request".into()));
}
