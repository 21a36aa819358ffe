//! What clients see, word for word: a change of any of it shows up as a change of a snapshot.
//!
//! After a wanted change, `INSTA_UPDATE=always cargo test -p uploader` writes the snapshots anew.

mod accounts;
mod conditions;
mod cursors;
mod files;
mod hostile;
mod unheard;

use std::fmt::Write as _;
use std::time::Duration;

use archive_catalog::accounts::Role;
use axum::response::IntoResponse as _;
use debian_deb::build::DebBuilder;
use debian_deb::compression::Compression;
use serde_json::{Value, json};

use crate::problem::{self, Code, Problem};
use crate::temporary_server::{Answered, PASSWORD, TemporaryServer};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Writes a JSON value with what differs from run to run replaced.
fn stable(mut value: Value) -> String {
    replace_volatile(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

fn replace_volatile(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(replace_volatile),
        Value::Object(fields) => {
            // The id of a package is of its content, and stays.
            let is_package = fields.contains_key("checksum");
            for (name, value) in fields {
                let replacement = match name.as_str() {
                    "at" | "created_at" | "updated_at" | "expires_at" | "last_used_at" => "[time]",
                    "token" => "[secret]",
                    "hash" => "[hash]",
                    "id" | "subject" if !is_package && is_random(value) => "[random id]",
                    _ => {
                        replace_volatile(value);
                        continue;
                    }
                };
                if !value.is_null() {
                    *value = replacement.into();
                }
            }
        }
        _ => {}
    }
}

/// Says whether a value is an id made by chance.
fn is_random(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Writes an answer: status, the headers that clients act on, and the body.
fn written(answer: &Answered) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in [
        "content-type",
        "location",
        "link",
        "allow",
        "retry-after",
        "www-authenticate",
        "x-error-code",
        "cache-control",
        "vary",
    ] {
        for value in answer.headers.get_all(name) {
            let value = value.to_str().unwrap();
            let value = match value.strip_prefix("/api/users/") {
                Some(_) => "/api/users/[random id]",
                None => value,
            };
            writeln!(text, "{name}: {value}").unwrap();
        }
    }
    let body = match serde_json::from_str(&answer.body) {
        Ok(value) => stable(value),
        Err(_) => answer.body.clone(),
    };
    write!(text, "\n{body}").unwrap();
    text.trim_end().to_owned()
}

/// An archive with one package, and an administrator, a maintainer of `stable` and a user.
async fn world() -> (TemporaryServer, String) {
    let server = TemporaryServer::new(&[]);
    server.account("root", Role::Admin, &[]);
    server.account("jane", Role::Maintainer, &["stable"]);
    server.account("joe", Role::User, &[]);
    let jane = server.token("jane", &["upload:stable/*", "delete:stable/*"]);
    let uploaded = server
        .ask(
            ("POST", "/api/packages?suite=stable"),
            Some(&jane),
            &[],
            hello("1.0"),
        )
        .await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.body);
    (server, jane)
}

fn hello(version: &str) -> Vec<u8> {
    deb("hello", version, "all")
        .field("Depends", "libc6 (>= 2.28), less | more")
        .field("Section", "web")
        .build()
}

/// Begins a package without compression: its digest is the same whatever the compressors do.
fn deb(name: &str, version: &str, architecture: &str) -> DebBuilder {
    DebBuilder::new(name, version, architecture).compressed(Compression::None, Compression::None)
}

/// Searches until something is found: the index of the search follows the uploads.
async fn found(server: &TemporaryServer) -> Answered {
    let route = ("GET", "/api/packages/search/hello?version=1.1");
    for _ in 0..500 {
        let answer = server.ask(route, None, &[], "").await;
        if answer.body.contains("hello") {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the search finds nothing");
}

/// Returns the path of the one package that there is.
async fn package(server: &TemporaryServer) -> String {
    let listed = server.ask(("GET", "/api/packages"), None, &[], "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    format!("/api/packages/{}", listed["items"][0]["id"].as_str().unwrap())
}

fn id_of(answer: &Answered) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_problem_has_its_body() {
    let mut text = String::new();
    for code in Code::ALL {
        let mut response = Problem::new(*code, "the detail").into_response();
        problem::complete(&mut response, "request-1").unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let answer = Answered {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        writeln!(text, "{}\n", written(&answer)).unwrap();
    }
    insta::assert_snapshot!("every_problem", text);
}

#[tokio::test]
async fn packages_are_answered_word_for_word() {
    let (server, jane) = world().await;
    let jane = Some(jane.as_str());
    let again = server
        .ask(("POST", "/api/packages?suite=prod"), jane, &[], hello("1.0"))
        .await;
    insta::assert_snapshot!("package_present", written(&again));
    let path = format!("/api/packages/{}", id_of(&again));
    let put = server
        .ask(
            ("PUT", "/api/upload/stable/hello_1.1_all.deb"),
            jane,
            &[],
            hello("1.1"),
        )
        .await;
    insta::assert_snapshot!("package_put", written(&put));
    for (name, path) in [
        ("package_list", "/api/packages?limit=1"),
        ("package_show", path.as_str()),
    ] {
        let answer = server.ask(("GET", path), None, &[], "").await;
        insta::assert_snapshot!(name, written(&answer));
    }
    insta::assert_snapshot!("package_search", written(&found(&server).await));
    let change = json!({"section": "admin", "tags": [{"name": "web", "color": "#007bff"}, "new"]});
    let edited = server
        .ask(("PUT", &path), jane, &[JSON], change.to_string())
        .await;
    insta::assert_snapshot!("package_edit", written(&edited));
    let deleted = server.ask(("DELETE", &path), jane, &[], "").await;
    insta::assert_snapshot!("package_delete", written(&deleted));
}

#[tokio::test]
async fn accounts_and_tokens_are_answered_word_for_word() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let root = Some(root.as_str());
    let login = json!({"username": "jane", "password": PASSWORD}).to_string();
    let login = server
        .ask(("POST", "/api/auth/login"), None, &[JSON], login)
        .await;
    insta::assert_snapshot!("login", written(&login));
    let session: Value = serde_json::from_str(&login.body).unwrap();
    let session = session["token"].as_str();
    let register = json!({"username": "ann", "email": "ann@example.org", "password": PASSWORD});
    let user = json!({"username": "bob", "password": PASSWORD, "role": "maintainer", "suites": ["prod"]});
    let token = json!({"name": "ci", "scopes": ["upload:prod/hello*"], "expires_at": "2100-01-01T00:00:00Z"});
    for (name, route, token, body) in [
        (
            "me_token",
            ("GET", "/api/auth/me"),
            Some(jane.as_str()),
            Value::Null,
        ),
        ("me_session", ("GET", "/api/auth/me"), session, Value::Null),
        ("register", ("POST", "/api/auth/register"), None, register),
        ("token_create", ("POST", "/api/tokens"), session, token),
        ("token_list", ("GET", "/api/tokens"), root, Value::Null),
        ("user_create", ("POST", "/api/users"), root, user),
        ("user_list", ("GET", "/api/users?limit=2"), root, Value::Null),
        ("user_show", ("GET", "/api/users/jane"), session, Value::Null),
        (
            "user_edit",
            ("PUT", "/api/users/joe"),
            root,
            json!({"disabled": true}),
        ),
        ("user_delete", ("DELETE", "/api/users/joe"), root, Value::Null),
        ("logout", ("POST", "/api/auth/logout"), session, Value::Null),
    ] {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let answer = server.ask(route, token, &[JSON], body).await;
        insta::assert_snapshot!(name, written(&answer));
    }
}

#[tokio::test]
async fn the_archive_as_a_whole_is_answered_word_for_word() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    for (name, path) in [
        ("suite_list", "/api/suites"),
        ("publishing", "/api/suites/prod/publishing"),
        ("statistics", "/api/stats"),
        ("audit_list", "/api/audit?limit=2"),
        ("readiness", "/readyz"),
        ("liveness", "/healthz"),
        ("problem_page", "/problems/identity_conflict"),
        ("root_page", "/"),
    ] {
        let answer = server.ask(("GET", path), Some(&root), &[], "").await;
        insta::assert_snapshot!(name, written(&answer));
    }
}

/// A request that is refused: a name, the route, the token of whom, the type of the body, and the body.
type Refused<'a> = ((&'a str, &'a str), Option<&'a str>, &'a str, Vec<u8>);

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
async fn what_is_refused_is_told_word_for_word() {
    let (server, jane) = world().await;
    let joe = server.token("joe", &["read:stable"]);
    let admin = server.token("root", &["admin"]);
    let narrow = server.token("jane", &["upload:stable/other"]);
    let (jane, joe, admin, narrow) = (
        Some(jane.as_str()),
        Some(joe.as_str()),
        Some(admin.as_str()),
        Some(narrow.as_str()),
    );
    let package = "application/vnd.debian.binary-package";
    let json = "application/json";
    let bytes = |text: &str| text.as_bytes().to_vec();
    let other = deb("hello", "1.0", "all").build();
    let spelled = deb("hello", "1.00", "all").build();
    let foreign = deb("hello", "2.0", "riscv64").build();
    let form = "multipart/form-data; boundary=x";
    let two = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nb\r\n--x--\r\n";
    let post = |query: &'static str| ("POST", query);
    let refused: Vec<Refused<'_>> = vec![
        (post("/api/packages?suite=stable"), None, package, hello("1.0")),
        (
            post("/api/packages?suite=stable"),
            Some("rgt_x"),
            package,
            hello("1.0"),
        ),
        (post("/api/packages?suite=stable"), joe, package, hello("1.0")),
        (post("/api/packages?suite=stable"), narrow, package, hello("1.0")),
        (post("/api/packages"), jane, package, hello("1.0")),
        (post("/api/packages?suite=secret"), jane, package, hello("1.0")),
        (
            post("/api/packages?suite=stable&component=x"),
            jane,
            package,
            hello("1.0"),
        ),
        (
            post("/api/packages?suite=stable&component=extra"),
            jane,
            package,
            hello("1.0"),
        ),
        (
            post("/api/packages?suite=stable&wait=soon"),
            jane,
            package,
            hello("1.0"),
        ),
        (post("/api/packages?suits=stable"), jane, package, hello("1.0")),
        (post("/api/packages?suite=stable"), jane, package, other),
        (post("/api/packages?suite=stable"), jane, package, spelled),
        (post("/api/packages?suite=stable"), jane, package, foreign),
        (
            post("/api/packages?suite=stable"),
            jane,
            package,
            bytes("no package"),
        ),
        (post("/api/packages?suite=stable"), jane, form, bytes("--x--\r\n")),
        (post("/api/packages?suite=stable"), jane, form, bytes(two)),
        (("PUT", "/api/upload/stable/x.udeb"), jane, package, bytes("x")),
        (("PUT", "/api/upload/stable/x.txt"), jane, package, bytes("x")),
        (
            ("PUT", "/api/upload/stable/queue/x.dsc"),
            jane,
            package,
            bytes("x"),
        ),
        (
            ("PUT", "/api/upload/stable/queue/x.changes"),
            jane,
            package,
            bytes("x"),
        ),
        (("GET", "/api/packages?limit=0"), None, json, Vec::new()),
        (("GET", "/api/packages?cursor=x"), None, json, Vec::new()),
        (("GET", "/api/packages?suite=secret"), joe, json, Vec::new()),
        (("GET", "/api/packages/x"), None, json, Vec::new()),
        (("GET", "/api/packages/%ff"), None, json, Vec::new()),
        (("PATCH", "/api/packages"), None, json, Vec::new()),
        (("GET", "/nowhere"), None, json, Vec::new()),
        (("GET", "/api/users"), jane, json, Vec::new()),
        (("GET", "/api/users/ann"), admin, json, Vec::new()),
        (("DELETE", "/api/users/root"), admin, json, Vec::new()),
        (("DELETE", "/api/tokens/x"), admin, json, Vec::new()),
        (post("/api/tokens"), admin, json, bytes("{")),
        (post("/api/tokens"), admin, "text/plain", bytes("{}")),
        (post("/api/tokens"), admin, json, bytes(r#"{"name": "x"}"#)),
        (
            post("/api/tokens"),
            admin,
            json,
            bytes(r#"{"name": "x", "scope": []}"#),
        ),
        (
            post("/api/tokens"),
            admin,
            json,
            bytes(r#"{"name": "", "scopes": []}"#),
        ),
        (
            post("/api/tokens"),
            admin,
            json,
            bytes(r#"{"name": "x", "scopes": ["write:x"]}"#),
        ),
        (
            post("/api/tokens"),
            admin,
            json,
            bytes(r#"{"name": "x", "scopes": ["read:nowhere"]}"#),
        ),
        (
            post("/api/tokens"),
            admin,
            json,
            bytes(r#"{"name": "x", "scopes": [], "expires_at": "2000-01-01T00:00:00Z"}"#),
        ),
        (
            post("/api/users"),
            admin,
            json,
            bytes(r#"{"username": "JANE", "password": "correct horse battery"}"#),
        ),
        (
            post("/api/users"),
            admin,
            json,
            bytes(r#"{"username": "x y", "password": "correct horse battery"}"#),
        ),
        (
            post("/api/users"),
            admin,
            json,
            bytes(r#"{"username": "eve", "password": "short"}"#),
        ),
        (
            post("/api/auth/login"),
            None,
            json,
            bytes(r#"{"username": "jane", "password": "wrong horse battery"}"#),
        ),
        (post("/api/auth/oidc"), None, json, bytes(r#"{"token": "x"}"#)),
    ];
    let mut text = String::new();
    for ((method, path), token, kind, body) in refused {
        let answer = server
            .ask((method, path), token, &[("content-type", kind)], body)
            .await;
        assert!(
            answer.status.is_client_error(),
            "{method} {path}: {}",
            answer.status
        );
        writeln!(text, "{method} {path}\n{}\n", written(&answer)).unwrap();
    }
    insta::assert_snapshot!("refused", text);
}
