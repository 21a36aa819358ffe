//! Cursors of other lists, cursors that no page had, and texts that no catalog takes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::hostile::outcome;
use super::{JSON, deb, found, hello, world};
use crate::clock::now;
use crate::temporary_server::{Answered, TemporaryServer};

/// An archive whose lists have several items each, and a token of an administrator.
async fn full_lists() -> (TemporaryServer, String) {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let upload = async |body: Vec<u8>| {
        let route = ("POST", "/api/packages?suite=stable");
        let answer = server.ask(route, Some(&jane), &[], body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        value(&answer)
    };
    let newer = upload(hello("1.1")).await;
    found(&server).await;
    for name in ["one", "two"] {
        let uploaded = upload(deb(name, "1.0", "all").build()).await;
        let sha256 = uploaded["checksum"].as_str().unwrap().parse().unwrap();
        server.app.usage.download(&sha256, "", now());
        let path = format!("/api/packages/{}/yank", uploaded["id"].as_str().unwrap());
        let why = json!({"reason": "loses data"}).to_string();
        let yanked = server.ask(("POST", &path), Some(&root), &[JSON], why).await;
        assert_eq!(yanked.status, 200, "{}", yanked.body);
    }
    let sha256 = newer["checksum"].as_str().unwrap().parse().unwrap();
    server.app.usage.download(&sha256, "", now());
    server.app.usage.write(&server.app.archive, now()).unwrap();
    let affected = |id: &str| {
        json!({"id": id, "severity": "high", "standing": "open", "fixed_version": null, "source": "hello", "source_version": "1.0",
            "packages": [{"name": "hello", "version": "1.0", "architecture": "all"}]})
    };
    let report = json!({"release": "bookworm", "checked": 1, "known": 1, "affected": [affected("CVE-1"), affected("CVE-2")]});
    server.keep_report("stable", &report.to_string());
    (server, root)
}

/// Makes a webhook with two deliveries, and returns its path.
async fn webhook(server: &TemporaryServer, root: &str) -> String {
    let body = json!({"name": "x", "url": "https://hooks.example.org/", "events": ["suite.published"]});
    let route = ("POST", "/api/webhooks");
    let made = server.ask(route, Some(root), &[JSON], body.to_string()).await;
    let path = format!("/api/webhooks/{}", value(&made)["id"].as_str().unwrap());
    for _ in 0..2 {
        let ping = format!("{path}/ping");
        let answer = server.ask(("POST", &ping), Some(root), &[], "").await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    path
}

fn value(answer: &Answered) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Returns the first item of a list and the `next` of the page with nothing else.
async fn first(server: &TemporaryServer, token: Option<&str>, list: &str) -> (Value, String) {
    let path = format!("{list}limit=1");
    let page = server.ask(("GET", &path), token, &[], "").await;
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    let page = value(&page);
    let next = page["next"].as_str();
    let next = next.unwrap_or_else(|| panic!("{path} has one page: {page}"));
    (page["items"][0].clone(), next.to_owned())
}

async fn at(server: &TemporaryServer, token: Option<&str>, list: &str, cursor: &str) -> Answered {
    let path = format!("{list}limit=1&cursor={cursor}");
    server.ask(("GET", &path), token, &[], "").await
}

#[tokio::test]
async fn a_cursor_is_good_for_the_list_that_it_came_from_alone() {
    let (server, root) = full_lists().await;
    let deliveries = format!("{}/deliveries?", webhook(&server, &root).await);
    let root = Some(root.as_str());
    let lists = [
        "/api/packages?",
        "/api/packages?architecture=all&",
        "/api/packages?name=hello&",
        "/api/packages/search/hello?",
        "/api/packages/search/hell?",
        "/api/packages/search/hello?section=web&",
        "/api/users?",
        "/api/users/jane/packages?",
        "/api/tokens?all=true&",
        "/api/audit?",
        "/api/audit?action=package&",
        "/api/stats/downloads?group=package&",
        "/api/stats/downloads?group=version&",
        "/api/suites/stable/yanked?",
        "/api/suites/stable/vulnerabilities?",
        "/api/suites/stable/vulnerabilities?severity=high&",
        &deliveries,
    ];
    let mut cursors = Vec::new();
    for list in lists {
        cursors.push((list, first(&server, root, list).await));
    }
    for (list, (item, _)) in &cursors {
        for (of, (_, cursor)) in &cursors {
            let answer = at(&server, root, list, cursor).await;
            if list == of {
                assert_eq!(answer.status, 200, "{list}: {}", answer.body);
                assert_ne!(&value(&answer)["items"][0], item, "{list} goes on");
            } else {
                assert_eq!(outcome(&answer), (400, "invalid_cursor".into()), "{of} in {list}");
                assert!(answer.body.contains("of another list"), "{}", answer.body);
            }
        }
    }
    // Another account may read other packages.
    let (_, cursor) = first(&server, root, "/api/packages?").await;
    let answer = at(&server, None, "/api/packages?", &cursor).await;
    assert_eq!(outcome(&answer), (400, "invalid_cursor".into()));
}

#[tokio::test]
async fn a_cursor_that_no_page_had_is_refused() {
    let (server, root) = full_lists().await;
    let root = Some(root.as_str());
    let position = |name: &str, architecture: &str| json!({"name": name, "version_key": [], "architecture": architecture, "sha256": "0".repeat(64)});
    for (list, position) in [
        ("/api/packages/search/hello?", json!(u64::MAX)),
        ("/api/packages/search/hello?", json!(i64::MAX)),
        ("/api/packages/search/hello?", json!(-1)),
        ("/api/stats/downloads?group=version&", json!(u64::MAX)),
        ("/api/packages?", position("a\0", "all")),
        ("/api/packages?", position("a", "\0")),
        ("/api/tokens?all=true&", json!("\0")),
        ("/api/tokens?all=true&", json!("a b")),
        ("/api/tokens?all=true&", json!(1)),
        ("/api/users?", json!("\0")),
        ("/api/users?", json!("a b")),
    ] {
        let (_, cursor) = first(&server, root, list).await;
        let cursor = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        let mut cursor: Value = serde_json::from_slice(&cursor).unwrap();
        cursor["after"] = position;
        let cursor = URL_SAFE_NO_PAD.encode(cursor.to_string());
        let answer = at(&server, root, list, &cursor).await;
        assert_eq!(
            outcome(&answer),
            (400, "invalid_cursor".into()),
            "{list}: {}",
            answer.body
        );
        assert!(
            !answer.body.contains("of another list"),
            "{list}: {}",
            answer.body
        );
    }
    let own = at(&server, root, "/api/tokens?", "garbage").await;
    assert_eq!(outcome(&own), (400, "invalid_cursor".into()));
}
#[tokio::test]
async fn no_text_with_a_nul_reaches_the_catalog() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for filter in ["actor", "action", "subject"] {
        for path in ["/api/audit", "/api/audit/export"] {
            let path = format!("{path}?{filter}=a%00");
            let answer = server.ask(("GET", &path), Some(&root), &[], "").await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert!(!answer.body.contains("\"id\""), "{path} fits nothing");
        }
    }
    for (issuer, subject) in [
        ("https://id.example.org", "a\0b"),
        ("https://id.example.org/\0", "a"),
    ] {
        let body = json!({"issuer": issuer, "subject": subject}).to_string();
        let route = ("POST", "/api/users/joe/identities");
        let answer = server.ask(route, Some(&root), &[JSON], body).await;
        assert_eq!(outcome(&answer), (422, "invalid_request".into()));
    }
}
