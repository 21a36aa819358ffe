//! Uploads into several suites: all of them, or none.

use super::assert_problem;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn a_package_comes_to_all_suites_that_are_named_or_to_none() {
    let archive = TestArchive::empty();
    archive
        .repogen(&["init", "--suite", "a", "--suite", "b", "--suite", "c"])
        .ok();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let other = hello("1.0").file("usr/share/other", "x");
    assert_eq!(server.upload(&other, "suite=c", &token).status, 201);
    let id = server.upload(&hello("1.0"), "suite=a", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/packages/{id}");
    let put = |suites: Value| {
        server.json(
            "PUT",
            &path,
            Some(&token),
            &json!({ "suites": suites, "section": "admin" }),
        )
    };
    assert_problem(&put(json!(["b", "c"])), 409, "identity_conflict");
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "a", "component": "main" }]));
    assert_eq!(shown["section"], Value::Null);
    assert_eq!(put(json!(["b"])).status, 200);
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "b", "component": "main" }]));
    assert_eq!(shown["section"], "admin", "its metadata goes along");
    let tags = json!({ "tags": ["web"] });
    assert_eq!(server.json("PUT", &path, Some(&token), &tags).status, 200);
    assert_eq!(put(json!(["a", "b"])).status, 200);
    assert_eq!(
        server
            .json("PUT", &path, Some(&token), &json!({ "suites": ["a"] }))
            .status,
        200
    );
    let shown = server.get(&path, None).json();
    assert_eq!(shown["suites"], json!([{ "suite": "a", "component": "main" }]));
    assert_eq!(shown["tags"][0]["name"], "web");
    server.stop();
    archive.repogen(&["publish"]).ok();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn what_fails_halfway_leaves_a_package_in_the_suites_where_it_was() {
    let archive = TestArchive::empty();
    archive
        .repogen(&["init", "--suite", "a", "--suite", "b", "--suite", "c"])
        .ok();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let id = server.upload(&hello("1.0"), "suite=a", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.upload(&hello("1.0"), "suite=b", &token);
    let path = format!("/api/packages/{id}");
    let before = server.get(&path, None).json();
    assert_eq!(before["suites"].as_array().unwrap().len(), 2);
    archive.change_catalog(
        "create trigger refuse before update of removed_revision on placement
         when new.suite_id = (select id from suite where codename = 'b') begin select raise(abort, 'refused'); end",
    );
    let change = json!({ "suites": ["c"], "section": "admin" });
    let put = || server.json("PUT", &path, Some(&token), &change).status;
    let delete = || server.send("DELETE", &path, Some(&token), (&[], &[])).status;
    for status in [put(), delete()] {
        assert!(status >= 500, "{status}");
        assert_eq!(server.get(&path, None).json(), before);
    }
    archive.change_catalog("drop trigger refuse");
    assert_eq!(put(), 200);
    let after = server.get(&path, None).json();
    assert_eq!(
        (&after["suites"], &after["section"]),
        (&json!([{ "suite": "c", "component": "main" }]), &json!("admin"))
    );
    assert_eq!(delete(), 204);
}
