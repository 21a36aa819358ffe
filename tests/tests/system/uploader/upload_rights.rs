//! Rights that end, and what each reader sees of an upload.

use super::world::{World, world};
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

/// Begins an upload, does `meanwhile`, sends the rest, and returns the status.
fn upload_around(world: &World, token: &str, name: &str, meanwhile: impl FnOnce()) -> u16 {
    use std::io::{Read as _, Write as _};

    let package = DebBuilder::new(name, "1.0", "amd64").build();
    let (start, rest) = package.split_at(package.len() / 2);
    let address = world.server.url().trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/packages?suite=stable HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Expect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        package.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it has let the credential in.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"), "{asked:?}");
    stream.write_all(start).unwrap();
    meanwhile();
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_upload_is_refused_when_its_rights_end_under_way() {
    let world = world();
    let root = world.server.login("root");
    let keeper = world.server.login("keeper");
    let me = world.server.get("/api/auth/me", Some(&keeper)).json();
    let account = format!("/api/users/{}", me["user"]["id"].as_str().unwrap());
    let body = json!({"name": "ci", "scopes": ["upload:stable/*"]});
    let made = world
        .server
        .json("POST", "/api/tokens", Some(&keeper), &body)
        .json();
    let address = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    let token = made["token"].as_str().unwrap();

    assert_eq!(upload_around(&world, token, "control", || {}), 201);
    let suites = |names: Value| {
        let change = json!({ "suites": names });
        let answer = world.server.json("PUT", &account, Some(&root), &change);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    assert_eq!(
        upload_around(&world, token, "taken-away", || suites(json!(["other"]))),
        403
    );
    suites(json!(["stable"]));
    let revoke = || {
        let answer = world.server.send("DELETE", &address, Some(&keeper), (&[], &[]));
        assert_eq!(answer.status, 204);
    };
    assert_eq!(upload_around(&world, token, "revoked", revoke), 401);
    let sign_out = || {
        let answer = world
            .server
            .send("POST", "/api/auth/logout", Some(&keeper), (&[], &[]));
        assert_eq!(answer.status, 204);
    };
    assert_eq!(upload_around(&world, &keeper, "signed-out", sign_out), 401);
    let listed = world.server.get("/api/packages?suite=stable", None).json();
    let names: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["control", "hello", "spare"]);
}

#[test]
fn a_disabled_account_is_let_in_nowhere_until_it_is_enabled_again() {
    let world = world();
    let server = &world.server;
    let (root, keeper) = (server.login("root"), server.login("keeper"));
    let me = server.get("/api/auth/me", Some(&keeper)).json();
    let id = me["user"]["id"].as_str().unwrap();
    let token = world.archive.token("keeper", &["upload:stable/*"]);
    let set = |who: &str, account: &str, disabled: bool| {
        let body = json!({ "disabled": disabled });
        server.json("PUT", &format!("/api/users/{account}"), Some(who), &body)
    };
    let status = |token: &str| server.get("/api/auth/me", Some(token)).status;
    let password = archive_tests::uploader::PASSWORD;
    let login = || {
        let body = json!({"username": "keeper", "password": password});
        server.json("POST", "/api/auth/login", None, &body).status
    };

    assert_eq!(set(&keeper, id, true).status, 403);
    assert_eq!(
        set(&root, &world.root_id, true).status,
        409,
        "the last administrator"
    );
    assert_eq!(set(&root, id, true).json()["disabled"], json!(true));
    assert_eq!((status(&keeper), status(&token), login()), (401, 401, 401));
    assert_eq!(set(&root, id, false).json()["disabled"], json!(false));
    assert_eq!((status(&keeper), status(&token), login()), (401, 200, 200));
}

#[test]
fn a_private_suites_word_is_for_its_readers_and_each_placement_is_its_bringers() {
    let archive = TestArchive::init(&["--suite", "stable", "--suite", "secret"]);
    archive.configure_last_suite("private = true");
    archive.publish();
    for (name, suite) in [("jane", "secret"), ("bob", "stable")] {
        archive.account(name, &["--role", "maintainer", "--suite", suite]);
    }
    let server = Uploader::start(&archive);
    let (jane, bob) = (server.login("jane"), server.login("bob"));
    let package = DebBuilder::new("hello", "1.0", "amd64");
    let taken = server.upload(&package, "suite=secret", &jane);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let path = format!("/api/packages/{}", taken.json()["id"].as_str().unwrap());
    let said = json!({"section": "hidden", "priority": "required", "tags": ["hidden"]});
    assert_eq!(server.json("PUT", &path, Some(&jane), &said).status, 200);

    let brought = server.upload(&package, "suite=stable", &bob);
    assert_eq!(brought.status, 201, "{}", brought.text());
    for seen in [brought.json(), server.get(&path, None).json()] {
        assert_eq!(seen["author"], json!("bob"));
        assert_eq!(seen["tags"], json!([]));
        assert_ne!(seen["section"], json!("hidden"));
        assert_ne!(seen["priority"], json!("required"));
        assert_eq!(seen["created_at"], seen["updated_at"]);
    }
    assert_eq!(server.get(&path, Some(&jane)).json()["section"], json!("hidden"));
    // Bob brought it into stable, though Jane had the same bytes before.
    let delete = |token: &str| {
        let from_stable = format!("{path}?suite=stable");
        server
            .send("DELETE", &from_stable, Some(token), (&[], &[]))
            .status
    };
    assert_eq!(delete(&jane), 403);
    assert_eq!(delete(&bob), 204);
}

#[test]
fn a_token_deletes_no_more_than_its_owner_and_its_scopes_allow() {
    let world = world();
    let server = &world.server;
    let of = |name: &str, suite: &str| {
        let listed = server
            .get(&format!("/api/packages?name={name}&suite={suite}"), None)
            .json();
        format!("/api/packages/{}", listed["items"][0]["id"].as_str().unwrap())
    };
    let delete = |address: &str, token: &str| server.send("DELETE", address, Some(token), (&[], &[])).status;
    let keeper = server.login("keeper");
    let scoped = |scope: &str| world.archive.token("keeper", &[scope]);
    let theirs = DebBuilder::new("theirs", "1.0", "amd64");
    assert_eq!(
        server
            .upload(&theirs, "suite=stable", &server.login("root"))
            .status,
        201
    );
    let of_others = of("theirs", "stable");
    assert_eq!(
        delete(&of_others, &keeper),
        403,
        "it was brought by somebody else"
    );
    for scope in ["delete:stable/*", "delete:stable/theirs"] {
        assert_eq!(delete(&of_others, &scoped(scope)), 403, "{scope}");
    }

    let package = DebBuilder::new("mine", "1.0", "amd64");
    assert_eq!(server.upload(&package, "suite=stable", &keeper).status, 201);
    let mine = of("mine", "stable");
    for scope in ["upload:stable/*", "delete:stable/other-*", "read:stable"] {
        assert_eq!(delete(&mine, &scoped(scope)), 403, "{scope}");
    }
    assert_eq!(delete(&mine, &scoped("delete:stable/mi*")), 204);
}
