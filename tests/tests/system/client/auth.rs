//! `cpkgs auth` and `cpkgs admin`, with the real `uploader`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use archive_tests::uploader::{self, PASSWORD, Uploader};
use archive_tests::{Client, DebBuilder, Run, TestArchive};
use serde_json::Value;

/// An archive with an administrator, its server, and a client that knows it.
fn signed_in() -> (TestArchive, Uploader, Client) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let server = Uploader::start(&archive);
    let client = Client::new();
    let login = ["auth", "login", "root", "--registry", &server.url()];
    client.told(&login, PASSWORD).ok();
    (archive, server, client)
}

fn configuration(client: &Client) -> String {
    fs::read_to_string(client.home().join("config.toml")).unwrap()
}

fn token(client: &Client) -> String {
    let config = configuration(client);
    let line = config
        .lines()
        .find(|line| line.starts_with("auth_token"))
        .unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn a_password_is_exchanged_for_a_token_that_logout_revokes() {
    let (_archive, server, client) = signed_in();
    let token = token(&client);
    let mode = fs::metadata(client.home().join("config.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!configuration(&client).contains(PASSWORD));

    let status = client.run(&["auth", "status", "--json"]).ok();
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["user"]["username"], "root");
    assert_eq!(server.get("/api/auth/me", Some(&token)).status, 200);

    client.run(&["auth", "logout"]).ok();
    assert_eq!(server.get("/api/auth/me", Some(&token)).status, 401);
    assert!(!configuration(&client).contains("auth_token"));
    client.run(&["auth", "status"]).exits(5);
}

#[test]
fn a_second_login_revokes_the_token_of_the_first() {
    let (_archive, server, client) = signed_in();
    let first = token(&client);
    client
        .told(&["auth", "login"], &format!("root\n{PASSWORD}\n"))
        .ok();
    assert_ne!(token(&client), first);
    assert_eq!(server.get("/api/auth/me", Some(&first)).status, 401);
    assert_eq!(server.get("/api/auth/me", Some(&token(&client))).status, 200);
}

#[test]
fn whoever_registers_may_sign_in() {
    let archive = TestArchive::new();
    let server = Uploader::start(&archive);
    let client = Client::new();
    let register = [
        "auth",
        "register",
        "ada",
        "--email",
        "ada@example.org",
        "--registry",
        &server.url(),
    ];
    let weak = client.told(&register, "short").exits(1);
    assert!(weak.stderr.contains("weak_password"), "{}", weak.report());
    client.told(&register, PASSWORD).ok();
    let taken = client.told(&register, PASSWORD).exits(1);
    assert!(taken.stderr.contains("username_taken"), "{}", taken.report());
    let login = ["auth", "login", "ada", "--registry", &server.url()];
    client.told(&login, "another password").exits(5);
    client.told(&login, PASSWORD).ok();
}

#[test]
fn uploads_tell_of_each_file_and_are_live_when_they_end() {
    let (archive, _server, client) = signed_in();
    let path = |package: &DebBuilder| uploader::file(&archive, package).display().to_string();
    let files: Vec<String> = (0..12)
        .map(|number| path(&DebBuilder::new(&format!("hello{number}"), "1.0", "amd64")))
        .collect();
    let broken = archive.outside().join("broken.deb");
    fs::write(&broken, "no package").unwrap();

    let upload = |files: &[&str]| client.run(&[&["admin", "upload"], files].concat());
    let all: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = upload(&all).ok();
    assert!(run.rows().iter().all(|row| row[0] == "added"), "{}", run.report());
    let index = archive.index("dists/stable/main/binary-amd64/Packages");
    assert_eq!(index.matches("Package: hello").count(), 12, "{index}");

    let run = upload(&[all[0], &broken.display().to_string()]).exits(1);
    let mut rows = run.rows();
    rows.sort();
    assert_eq!(rows[0][..2], ["rejected", &broken.display().to_string()]);
    assert!(rows[0][2].contains("invalid_package"), "{}", run.report());
    assert_eq!(rows[1], ["unchanged", all[0]]);
}

#[test]
fn a_removed_package_is_gone_from_the_index() {
    let (archive, _server, client) = signed_in();
    for version in ["1.0", "2.0"] {
        let file = uploader::file(&archive, &DebBuilder::new("hello", version, "amd64"));
        client.run(&["admin", "upload", &file.display().to_string()]).ok();
    }
    let run = client.run(&["admin", "remove", "hello", "1.0"]).ok();
    assert_eq!(run.rows(), [["removed", "hello", "1.0", "amd64"]]);
    let index = archive.index("dists/stable/main/binary-amd64/Packages");
    assert!(
        !index.contains("Version: 1.0") && index.contains("Version: 2.0"),
        "{index}"
    );
    client.run(&["admin", "remove", "hello", "1.0"]).exits(1);
    let other = ["admin", "remove", "hello", "2.0", "--architecture", "arm64"];
    client.run(&other).exits(1);
}

#[test]
fn an_administrator_makes_accounts_and_others_may_not() {
    let (_archive, server, client) = signed_in();
    let made = client
        .run(&["admin", "create-user", "ada@example.org", "--json"])
        .ok();
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(
        (&made["username"], &made["role"]),
        (&"ada".into(), &"user".into())
    );
    let password = made["password"].as_str().unwrap();
    let given = ["admin", "create-user", "bob@example.org", "--password-stdin"];
    assert_eq!(client.told(&given, PASSWORD).ok().stdout, "");
    let listed = client.run(&["admin", "list-users"]).ok();
    let mut names: Vec<&str> = listed.rows().iter().map(|row| row[0]).collect();
    names.sort_unstable();
    assert_eq!(names, ["ada", "bob", "root"]);

    let other = Client::new();
    let login = ["auth", "login", "ada", "--registry", &server.url()];
    other.told(&login, password).ok();
    other.run(&["admin", "list-users"]).exits(5);
    other.run(&["admin", "create-user", "eve@example.org"]).exits(5);
}

#[test]
fn no_token_goes_to_another_registry_than_its_own() {
    let (archive, server, client) = signed_in();
    let other = Uploader::start(&archive);
    let elsewhere = ["auth", "status", "--registry", &other.url()];
    // The other one would take it, if it came.
    client.run(&elsewhere).exits(5);
    let token = token(&client);
    Run::of(client.command(&elsewhere).env("CPKGS_TOKEN", &token)).ok();
    let stdin = [elsewhere.as_slice(), &["--token-stdin"]].concat();
    client.told(&stdin, &token).ok();
    drop(server);
    let gone = client.run(&["auth", "status"]).exits(3);
    assert!(
        gone.stderr.contains("cannot reach the registry"),
        "{}",
        gone.report()
    );
}

#[test]
fn without_a_registry_it_is_the_command_that_is_wrong() {
    let client = Client::new();
    let run = client.run(&["auth", "status"]).exits(2);
    assert!(run.stderr.contains("--registry"), "{}", run.report());
    client
        .run(&["auth", "status", "--registry", "file:/tmp"])
        .exits(2);
}
