//! Cursors that no page had, and texts that no catalog takes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::hostile::outcome;
use super::{JSON, world};

#[tokio::test]
async fn a_cursor_that_no_page_had_is_refused() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    let position = |name: &str, architecture: &str| json!({"name": name, "version_key": [], "architecture": architecture, "sha256": "0".repeat(64)});
    for (path, position) in [
        ("/api/packages/search/a?", json!(u64::MAX)),
        ("/api/packages/search/a?", json!(i64::MAX)),
        ("/api/packages/search/a?", json!(-1)),
        ("/api/stats/downloads?", json!(u64::MAX)),
        ("/api/packages?", position("a\0", "all")),
        ("/api/packages?", position("a", "\0")),
        ("/api/tokens?all=true&", json!("\0")),
        ("/api/tokens?all=true&", json!("a b")),
        ("/api/tokens?", json!(1)),
        ("/api/users?", json!("\0")),
        ("/api/users?", json!("a b")),
    ] {
        let cursor = URL_SAFE_NO_PAD.encode(position.to_string());
        let path = format!("{path}cursor={cursor}");
        let answer = server.ask(("GET", &path), Some(&root), &[], "").await;
        assert_eq!(
            outcome(&answer),
            (400, "invalid_cursor".into()),
            "{path}: {}",
            answer.body
        );
    }
    let own = server
        .ask(("GET", "/api/tokens?cursor=garbage"), Some(&root), &[], "")
        .await;
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
