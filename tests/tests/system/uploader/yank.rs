//! Packages that are taken out for a reason, and whose files stay.

use super::assert_problem;
use archive_tests::{DebBuilder, Uploader};
use serde_json::{Value, json};

#[test]
fn a_yanked_package_leaves_the_index_keeps_its_file_and_comes_back() {
    let (archive, server, root) = Uploader::with_admin();
    // What was merely removed is deleted at once.
    archive.configure_last_suite("keep_removed_for = \"0s\"\nkeep_snapshots_for = \"0s\"\nkeep_generations = 1\nkeep_generations_for = \"0s\"");
    let package = DebBuilder::new("hello", "1.0", "amd64");
    let upload = |package: &DebBuilder| {
        let answer = server.upload(package, "wait=published", &root);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let (yanked, removed) = (
        upload(&package),
        upload(&DebBuilder::new("other", "1.0", "amd64")),
    );
    let id = yanked["id"].as_str().unwrap();
    let yank = |body: Value| {
        let path = format!("/api/packages/{id}/yank?wait=published");
        server.json("POST", &path, Some(&root), &body)
    };
    assert_problem(&yank(json!({"reason": " "})), 422, "invalid_request");
    assert_problem(&yank(json!({"reason": "two\nlines"})), 422, "invalid_request");
    assert_eq!(yank(json!({"reason": "loses data"})).status, 200);
    let left = archive.packages("stable", "main", "amd64");
    assert_eq!(left.len(), 1, "{left:?}");
    let deletions = "/api/packages/deletions?wait=published";
    let gone = server.json("POST", deletions, Some(&root), &json!({"ids": [removed["id"]]}));
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert!(archive.packages("stable", "main", "amd64").is_empty());
    assert_problem(&yank(json!({"reason": "again"})), 404, "package_not_found");

    let list = || server.get("/api/suites/stable/yanked", None).json()["items"].clone();
    assert_eq!(list()[0]["reason"], "loses data", "{}", list());
    let audit = server.get("/api/audit?action=package.yank", Some(&root)).json();
    assert_eq!(audit["items"][0]["detail"]["reason"], "loses data", "{audit}");
    // A publish later, nothing shows either of them.
    upload(&DebBuilder::new("third", "1.0", "amd64"));
    upload(&DebBuilder::new("fourth", "1.0", "amd64"));
    let file = |package: &Value| {
        let path = format!("/{}", package["filename"].as_str().unwrap());
        server.get(&path, None).status
    };
    // Once what was published before has been superseded for a second.
    for _ in 0..200 {
        archive.repogen(&["prune"]).ok();
        if file(&removed) == 404 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!((file(&yanked), file(&removed)), (200, 404));

    let restore = format!("/api/suites/stable/yanked/{id}");
    assert_eq!(
        server.send("DELETE", &restore, Some(&root), (&[], &[])).status,
        204
    );
    assert_eq!(list(), json!([]));
    assert_eq!(server.get(&format!("/api/packages/{id}"), None).status, 200);
    assert_problem(
        &server.send("DELETE", &restore, Some(&root), (&[], &[])),
        404,
        "package_not_found",
    );
}
