//! What was published of a suite: listing it, comparing it, keeping it, and going back to it.

use super::assert_problem;
use super::world::newest_snapshot;
use archive_tests::{DebBuilder, TestArchive, Uploader, WriteDeb as _};
use serde_json::{Value, json};

const SUITE: &str = "/api/suites/stable";

/// An archive that published `hello` 1.0 and then 2.0 beside it; the ID of the first state, and a token of an administrator.
fn published_twice() -> (TestArchive, Uploader, String, String) {
    let (archive, server, root) = Uploader::with_admin();
    let upload = |version: &str| {
        let package = DebBuilder::new("hello", version, "amd64");
        let answer = server.upload(&package, "wait=published", &root);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    upload("1.0");
    let first = newest_snapshot(&server, "stable");
    upload("2.0");
    (archive, server, root, first)
}

fn versions(archive: &TestArchive) -> Vec<String> {
    let packages = archive.packages("stable", "main", "amd64");
    packages
        .iter()
        .map(|package| package["version"].clone())
        .collect()
}

fn items(server: &Uploader, path: &str) -> Vec<Value> {
    let answer = server.get(path, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn a_rollback_is_previewed_then_made_then_live() {
    let (archive, server, root, first) = published_twice();
    let roll_back = |query: &str, body: Value| {
        let path = format!("{SUITE}/rollback{query}");
        server.json("POST", &path, Some(&root), &body)
    };
    let preview = roll_back("", json!({"snapshot": first, "dry_run": true})).json();
    assert_eq!(preview["is_changed"], false, "{preview}");
    assert_eq!(preview["differences"]["removed"], 1, "{preview}");
    assert_eq!(preview["differences"]["items"][0]["before"], "2.0", "{preview}");
    assert_eq!(preview["published_by"], "this_server");
    assert_eq!(versions(&archive), ["1.0", "2.0"], "a preview changes nothing");

    let done = roll_back("?wait=published", json!({"snapshot": first}));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["is_changed"], true);
    assert_eq!(versions(&archive), ["1.0"]);
    let audit = server.get("/api/audit?limit=1", Some(&root)).json();
    let record = &audit["items"][0];
    assert_eq!(
        (&record["action"], &record["subject"], &record["actor"]),
        (&json!("suite.rollback"), &json!("stable"), &json!("root")),
        "{audit}"
    );
    assert_eq!(record["detail"]["snapshot"], first.as_str());

    let again = roll_back("", json!({"snapshot": first})).json();
    assert_eq!(again["is_changed"], false, "it holds just that already");
    let unknown = roll_back("", json!({"snapshot": "20010101T000000Z"}));
    assert_problem(&unknown, 404, "snapshot_not_found");
    assert_problem(
        &roll_back("", json!({"snapshot": "../.."})),
        404,
        "snapshot_not_found",
    );
}

#[test]
fn a_preview_of_a_rollback_says_what_the_gate_has_against_it() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    archive.configure_last_suite("gate = \"off\"");
    archive
        .add(&[DebBuilder::new("app", "1.0", "amd64").depends("lib (>= 2)")])
        .ok();
    archive.publish().ok();
    archive.add(&[DebBuilder::new("lib", "2.0", "amd64")]).ok();
    archive.publish().ok();
    let asked = |gate: &str, is_preview: bool| {
        archive.configure("gate = \"off\"", &format!("gate = \"{gate}\""));
        let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
        let states = items(&server, &format!("{SUITE}/snapshots"));
        let body = json!({"snapshot": states[1]["id"], "dry_run": is_preview});
        let answer = server.json("POST", &format!("{SUITE}/rollback"), Some(&root), &body);
        archive.configure(&format!("gate = \"{gate}\""), "gate = \"off\"");
        answer
    };
    for (gate, is_blocked) in [("block", true), ("warn", false)] {
        let preview = asked(gate, true).json();
        assert_eq!(preview["uninstallable"][0]["package"], "app", "{gate}: {preview}");
        let why = &preview["uninstallable"][0]["reasons"][0];
        assert!(why.as_str().unwrap().contains("`lib` (>= 2)"), "{preview}");
        assert_eq!(preview["is_blocked"], is_blocked, "{gate}: {preview}");
    }
    let unasked = asked("off", true).json();
    assert_eq!(
        (&unasked["uninstallable"], &unasked["is_blocked"]),
        (&Value::Null, &json!(false))
    );
    assert_problem(&asked("block", false), 409, "would_break");
    let done = asked("warn", false).json();
    assert_eq!(
        (&done["is_changed"], &done["uninstallable"]),
        (&json!(true), &Value::Null)
    );
}

#[test]
fn a_rollback_to_what_nobody_could_see_is_refused_with_its_reason() {
    let archive = TestArchive::empty();
    let arguments = [
        "--suite",
        "stable",
        "--suite",
        "old",
        "--component",
        "main",
        "--component",
        "extra",
    ];
    archive.repogen(&[&["init"], &arguments[..]].concat()).ok();
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    let package = DebBuilder::new("hello", "1.0", "amd64").write_into(&archive.outside());
    let add = ["add", "--suite", "stable", "--component", "extra"];
    archive
        .repogen(&[&add[..], &[package.to_str().unwrap()]].concat())
        .ok();
    archive.publish().ok();
    archive.repogen(&["remove", "--suite", "stable", "hello"]).ok();
    archive.publish().ok();
    let refused = |code: &str| {
        let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
        let states = items(&server, &format!("{SUITE}/snapshots"));
        for is_preview in [true, false] {
            let body = json!({"snapshot": states[1]["id"], "dry_run": is_preview});
            let answer = server.json("POST", &format!("{SUITE}/rollback"), Some(&root), &body);
            assert_problem(&answer, 409, code);
        }
    };
    archive.configure(", \"extra\"", "");
    refused("would_drop");
    archive.configure("[\"main\"]", "[\"main\", \"extra\"]");
    archive.configure("\"old\"", "\"new\"");
    archive.configure("= \"stable\"", "= \"stable\"\nsuite = \"old\"");
    refused("alias_served");
}

#[test]
fn publishes_are_listed_and_compared() {
    let (_archive, server, _, first) = published_twice();
    let publications = items(&server, &format!("{SUITE}/publications"));
    let newest = &publications[0];
    assert_eq!(newest["packages"], 2, "{publications:?}");
    assert_eq!(newest["superseded_at"], Value::Null);
    assert!(publications.iter().any(|one| one["snapshot"] == first.as_str()));
    let snapshots = items(&server, &format!("{SUITE}/snapshots"));
    assert_eq!(snapshots[0]["live"], true, "{snapshots:?}");
    let second = snapshots[0]["id"].as_str().unwrap();

    for query in [format!("from={first}"), format!("from={first}&to={second}")] {
        let compared = server.get(&format!("{SUITE}/differences?{query}"), None).json();
        assert_eq!(compared["added"], 1, "{compared}");
        assert_eq!(compared["items"][0]["after"], "2.0", "{compared}");
        assert_eq!(compared["next"], Value::Null);
    }
    // From nothing to two packages, a page each.
    let oldest = snapshots.last().unwrap()["id"].as_str().unwrap();
    let page = |cursor: &str| {
        let path = format!("{SUITE}/differences?from={oldest}&limit=1{cursor}");
        server.get(&path, None).json()
    };
    let start = page("");
    assert_eq!(start["added"], 2, "{start}");
    assert_eq!(start["items"].as_array().unwrap().len(), 1);
    let rest = page(&format!("&cursor={}", start["next"].as_str().unwrap()));
    assert_eq!(rest["items"][0]["after"], "2.0", "{rest}");
    assert_eq!(rest["next"], Value::Null);
}

#[test]
fn a_pinned_snapshot_is_served_until_it_is_deleted() {
    let (archive, server, root, first) = published_twice();
    let pinned = server.json(
        "POST",
        &format!("{SUITE}/snapshots"),
        Some(&root),
        &json!({"id": first}),
    );
    assert_eq!(pinned.status, 201, "{}", pinned.text());
    assert_eq!(pinned.json()["pinned"], true);
    let inrelease = format!("/snapshots/{first}/dists/stable/InRelease");
    assert_eq!(server.get(&inrelease, None).status, 200);
    let address = format!("{SUITE}/snapshots/{first}");
    let delete = || server.send("DELETE", &address, Some(&root), (&[], &[]));
    assert_eq!(delete().status, 204);
    assert_eq!(server.get(&inrelease, None).status, 404);
    assert_problem(&delete(), 409, "snapshot_not_pinned");
    let audit = server.get("/api/audit?limit=2", Some(&root)).json();
    assert_eq!(audit["items"][0]["action"], "snapshot.delete", "{audit}");
    assert!(archive.root().join("dists/stable/InRelease").is_file());
    // Without a body it is what is published now.
    let now = server.send("POST", &format!("{SUITE}/snapshots"), Some(&root), (&[], &[]));
    assert_eq!(now.status, 201, "{}", now.text());
    assert_eq!(now.json()["id"], super::world::newest_snapshot(&server, "stable"));
}

#[test]
fn a_server_without_keys_says_who_publishes() {
    let archive = TestArchive::new();
    archive.add(&[DebBuilder::new("hello", "1.0", "amd64")]);
    archive.publish();
    archive.account("root", &["--role", "admin"]);
    let root = archive.token("root", &["admin"]);
    for key in std::fs::read_dir(archive.root().join("keys")).unwrap() {
        std::fs::remove_file(key.unwrap().path()).unwrap();
    }
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let first = newest_snapshot(&server, "stable");
    let pin = server.json("POST", &format!("{SUITE}/snapshots"), Some(&root), &json!({}));
    let detail = assert_problem(&pin, 503, "signing_unavailable");
    assert!(detail.contains("repogen snapshot create"), "{detail}");
    let uploaded = server.upload(&DebBuilder::new("hello", "2.0", "amd64"), "", &root);
    let id = uploaded.json()["id"].as_str().unwrap().to_owned();
    let publishing = items(&server, &format!("/api/packages/{id}/publishing"));
    assert_eq!(publishing[0]["is_published"], false, "{publishing:?}");
    let body = json!({"snapshot": first});
    let done = server.json("POST", &format!("{SUITE}/rollback"), Some(&root), &body);
    assert_eq!(done.json()["published_by"], "repogen", "{}", done.text());
    assert_eq!(done.json()["is_changed"], true);
}
