//! Uploaders without keys, and a publisher elsewhere.

use super::{TestServer, is_live, package};
use archive_tests::changes::changes;
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

#[test]
fn a_set_that_a_killed_uploader_took_half_of_is_finished_by_another() {
    let archive = TestArchive::shared_on(TestServer::shared());
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let machines = [
        archive.other_machine(Keys::None),
        archive.other_machine(Keys::None),
    ];
    let [first, second] = machines
        .each_ref()
        .map(|machine| Uploader::with(machine, &[("PUBLISHER", "off")]));
    let put = |server: &Uploader, name: &str, bytes: &[u8]| {
        let path = format!("/api/upload/stable/queue/{name}");
        server.send("PUT", &path, Some(&token), (&[], bytes))
    };
    let (one, two) = (package("one").build(), package("two").build());
    let list = changes("one", &[("one_1.0_all.deb", &one), ("two_1.0_all.deb", &two)]);
    assert_eq!(put(&first, "one_1.0_all.deb", &one).status, 202);
    first.kill();

    let early = put(&second, "one_1.0_all.changes", list.as_bytes());
    assert!(
        early.text().contains("`two_1.0_all.deb` is not queued"),
        "{}",
        early.text()
    );
    assert_eq!(put(&second, "two_1.0_all.deb", &two).status, 202);
    let placed = put(&second, "one_1.0_all.changes", list.as_bytes());
    assert_eq!(placed.status, 201, "{}", placed.text());
    let again = put(&second, "one_1.0_all.changes", list.as_bytes());
    assert_eq!(again.status, 200, "{}", again.text());

    archive.publish();
    assert!(is_live(&archive, "one") && is_live(&archive, "two"));
    assert!(
        !archive.root().join("staged/queue").exists(),
        "nothing is left of what waited"
    );
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}
