//! Uploaders without keys, and a publisher elsewhere.

use super::{TestServer, is_live, package};
use archive_tests::uploader::PASSWORD;
use archive_tests::{Keys, TestArchive, Uploader, Watching};
use serde_json::json;

#[test]
fn what_one_machine_took_another_publishes_and_the_first_says_so() {
    let archive = TestArchive::shared_on(TestServer::shared());
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let machine = archive.other_machine(Keys::None);
    let server = Uploader::with(&machine, &[("PUBLISHER", "off")]);
    let watching = Watching::start(&archive);
    let answer = server.upload(&package("hello"), "wait=published", &token);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(is_live(&archive, "hello"));
    let listed = archive.repogen(&["list"]).ok();
    assert!(
        listed.stdout.starts_with("hello\t1.0\tall\tstable\tmain"),
        "{}",
        listed.stdout
    );
    watching.stop().ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    assert!(!machine.home().join("dists").exists() && !machine.home().join("pool").exists());
}

#[test]
fn a_session_of_one_machine_is_one_of_all_and_ends_on_all() {
    let archive = TestArchive::shared_on(TestServer::shared());
    archive.account("root", &["--role", "admin"]);
    let machines = [
        archive.other_machine(Keys::None),
        archive.other_machine(Keys::None),
    ];
    // Without a secret in their environment.
    let servers = machines
        .each_ref()
        .map(|machine| Uploader::with(machine, &[("PUBLISHER", "off"), ("JWT_SECRET", "")]));
    let body = json!({ "username": "root", "password": PASSWORD });
    let answer = servers[0].json("POST", "/api/auth/login", None, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let session = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(servers[1].get("/api/auth/me", Some(&session)).status, 200);
    let ended = servers[1].json("POST", "/api/auth/logout", Some(&session), &json!({}));
    assert!(ended.status < 300, "{}", ended.text());
    for server in &servers {
        assert_eq!(server.get("/api/auth/me", Some(&session)).status, 401);
    }
}
