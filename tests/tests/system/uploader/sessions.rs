//! Where somebody is signed in, their password, their tokens; and what the log says of it.

use std::fs;

use super::assert_problem;
use archive_tests::uploader::PASSWORD;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

fn world() -> (TestArchive, Uploader) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    archive.account("jane", &["--role", "user"]);
    let server = Uploader::start(&archive);
    (archive, server)
}

fn status(server: &Uploader, token: &str) -> u16 {
    server.get("/api/auth/me", Some(token)).status
}

#[test]
fn sign_ins_are_listed_and_end_one_by_one_or_all_at_once() {
    let (_archive, server) = world();
    let (one, two) = (server.login("jane"), server.login("jane"));
    let other = server.login("root");
    let listed = server.get("/api/auth/sessions", Some(&two)).json();
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0]["address"], "127.0.0.1");
    let others = listed.iter().find(|one| one["is_current"] == false).unwrap();
    let address = format!("/api/auth/sessions/{}", others["id"].as_str().unwrap());
    let end = |token: &str| server.send("DELETE", &address, Some(token), (&[], &[]));
    assert_problem(&end(&other), 404, "session_not_found");
    assert_eq!(end(&two).status, 204);
    assert_eq!((status(&server, &one), status(&server, &two)), (401, 200));
    let all = server.send("DELETE", "/api/auth/sessions", Some(&two), (&[], &[]));
    assert_eq!(all.status, 204);
    assert_eq!((status(&server, &two), status(&server, &other)), (401, 200));
}

#[test]
fn a_password_is_changed_with_the_old_one_only_and_ends_all_sessions() {
    let (_archive, server) = world();
    let (one, two) = (server.login("jane"), server.login("jane"));
    let change = |old: &str, new: &str| {
        let body = json!({"current_password": old, "new_password": new});
        server.json("PUT", "/api/auth/password", Some(&one), &body)
    };
    assert_problem(
        &change("wrong horse battery", "another password"),
        401,
        "invalid_credentials",
    );
    assert_problem(&change(PASSWORD, "short"), 422, "weak_password");
    assert_eq!(status(&server, &two), 200);
    assert_eq!(change(PASSWORD, "another password").status, 204);
    assert_eq!((status(&server, &one), status(&server, &two)), (401, 401));
    let sign_in = |password: &str| {
        let body = json!({"username": "jane", "password": password});
        server.json("POST", "/api/auth/login", None, &body).status
    };
    assert_eq!((sign_in(PASSWORD), sign_in("another password")), (401, 200));
}

#[test]
fn an_administrator_sees_ends_and_rotates_the_tokens_of_all() {
    let (archive, server) = world();
    let root = server.login("root");
    let old = archive.token("jane", &["read:stable"]);
    assert_eq!(status(&server, &old), 200);
    let jane = server.login("jane");
    assert_problem(&server.get("/api/tokens?all=true", Some(&jane)), 403, "forbidden");
    for query in ["limit=0", "all=true&limit=501"] {
        let answer = server.get(&format!("/api/tokens?{query}"), Some(&root));
        assert_problem(&answer, 400, "invalid_query");
    }
    let listed = server.get("/api/tokens?all=true&limit=1", Some(&root)).json();
    let token = &listed["items"][0];
    assert_eq!(token["user"], "jane", "{listed}");
    assert!(token["last_used_at"].is_string(), "{listed}");
    let address = format!("/api/tokens/{}", token["id"].as_str().unwrap());
    let rotated = server.json("POST", &format!("{address}/rotation"), Some(&root), &json!({}));
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let new = rotated.json()["token"].as_str().unwrap().to_owned();
    assert_eq!((status(&server, &old), status(&server, &new)), (401, 200));
    let logged = server.get("/api/audit?action=token.rotate", Some(&root)).json();
    assert_eq!(logged["items"][0]["detail"]["user"], "jane", "{logged}");
    assert_eq!(
        server.send("DELETE", &address, Some(&root), (&[], &[])).status,
        204
    );
    assert_eq!(status(&server, &new), 401);
    // Of another account, for whoever is no administrator, there is none.
    archive.token("root", &["admin"]);
    let listed = server.get("/api/tokens", Some(&root)).json();
    let foreign = format!("/api/tokens/{}", listed["items"][0]["id"].as_str().unwrap());
    let refused = server.send("DELETE", &foreign, Some(&jane), (&[], &[]));
    assert_problem(&refused, 404, "token_not_found");
}

#[test]
fn tokens_live_no_longer_than_the_server_lets_them() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let server = Uploader::with(&archive, &[("TOKEN_MAX_LIFE", "30d")]);
    let root = server.login("root");
    let create = |expires: Value| {
        let body = json!({"name": "ci", "scopes": [], "expires_at": expires});
        server.json("POST", "/api/tokens", Some(&root), &body)
    };
    assert!(create(Value::Null).json()["expires_at"].is_string());
    let detail = assert_problem(&create(json!("2100-01-01T00:00:00Z")), 422, "invalid_request");
    assert!(
        detail.contains("the latest end that this server gives"),
        "{detail}"
    );
    // One that was made without an end has none with a new secret either, unless it is given one.
    archive.token("root", &["read:stable"]);
    let listed = server.get("/api/tokens", Some(&root)).json();
    let endless = listed["items"].as_array().unwrap();
    let endless = endless
        .iter()
        .find(|token| token["expires_at"].is_null())
        .unwrap();
    let rotation = format!("/api/tokens/{}/rotation", endless["id"].as_str().unwrap());
    let rotated = server.json("POST", &rotation, Some(&root), &json!({}));
    assert!(rotated.json()["expires_at"].is_string(), "{}", rotated.text());
}

#[test]
fn the_log_is_filtered_exported_and_verified() {
    let (archive, server) = world();
    let root = server.login("root");
    server.login("jane");
    let get = |path: &str| server.get(path, Some(&root));
    let found = get("/api/audit?action=login&actor=nobody").json();
    assert_eq!(found["items"], json!([]));
    let by_kind = get("/api/audit?action=user&subject=jane").json();
    assert_eq!(by_kind["items"][0]["action"], "user.create", "{by_kind}");
    assert_eq!(get("/api/audit?since=2100-01-01").json()["items"], json!([]));
    assert_problem(&get("/api/audit?since=soon"), 400, "invalid_query");

    let export = get("/api/audit/export");
    assert_eq!(
        export.header("content-type").as_deref(),
        Some("application/jsonl")
    );
    let text = export.text();
    let lines = text.lines().filter(|line| line.contains("\"action\"")).count();
    let all = get("/api/audit?limit=500").json()["items"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(lines, all, "{text}");
    assert_eq!(
        get("/api/audit/verification").json(),
        json!({"is_whole": true, "first_broken": null})
    );
    let catalog = rusqlite::Connection::open(archive.root().join("catalog.db")).unwrap();
    catalog
        .execute_batch("update audit set subject = 'x' where id = 1")
        .unwrap();
    assert_eq!(get("/api/audit/verification").json()["first_broken"], 1);
}

#[test]
fn many_packages_are_deleted_as_one_and_keys_and_retention_are_told() {
    let (archive, server) = world();
    let root = server.login("root");
    let ids: Vec<String> = ["one", "two"]
        .map(|name| {
            let uploaded = server.upload(&DebBuilder::new(name, "1.0", "amd64"), "wait=published", &root);
            uploaded.json()["id"].as_str().unwrap().to_owned()
        })
        .into();
    let delete = |body: Value| server.json("POST", "/api/packages/deletions", Some(&root), &body);
    let count = || {
        server.get("/api/packages", None).json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let unknown = delete(json!({"ids": [ids[0], "0".repeat(32)]}));
    assert_problem(&unknown, 404, "package_not_found");
    let preview = delete(json!({"ids": ids, "dry_run": true})).json();
    assert_eq!(preview["packages"].as_array().unwrap().len(), 2, "{preview}");
    assert_eq!(count(), 2, "nothing went");
    assert_eq!(delete(json!({"ids": ids})).json()["is_changed"], true);
    assert_eq!(count(), 0);
    assert_problem(&delete(json!({"ids": []})), 422, "invalid_request");

    let keys = server.get("/api/keys", None).json();
    assert_eq!(keys["items"][0]["is_usable"], true, "{keys}");
    let retention = server.get("/api/retention", Some(&root)).json();
    assert_eq!(retention["version_count"], 0, "{retention}");
    // A file that no row names is found by a look at the files alone.
    let stray = archive.root().join("pool/main/s/stray");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join("stray_1_all.deb"), "nobody's").unwrap();
    let is_named = |strays: &str| {
        let preview = server.get(&format!("/api/retention?strays={strays}"), Some(&root));
        preview.json()["files"].to_string().contains("stray_1_all.deb")
    };
    assert!(is_named("true"));
    assert!(!is_named("false"));
}
