//! `If-Match`: a change applies only to the state that was seen.

use super::assert_problem;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn an_edit_is_no_removal_on_the_site_and_no_second_placement() {
    let archive = TestArchive::init(&["--url", "https://example.org/apt"]);
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let uploaded = server.upload(&hello("1.0"), "wait=published", &token);
    let path = format!("/api/packages/{}", uploaded.json()["id"].as_str().unwrap());
    for section in ["web", "admin"] {
        let edited = server.json("PUT", &path, Some(&token), &json!({ "section": section }));
        assert_eq!(edited.status, 200, "{}", edited.text());
    }
    archive.publish();
    let twin: Value = serde_json::from_str(&archive.read("browse/stable/hello/index.json")).unwrap();
    let history = twin["history"].as_array().unwrap();
    assert_eq!(
        (history.len(), &history[0]["removed"]),
        (1, &Value::Null),
        "{twin}"
    );
    let feed = archive.read("browse/stable/hello/feed.xml");
    assert_eq!(feed.matches("<entry>").count(), 1, "{feed}");
    let placed = server.get("/api/stats/daily", Some(&token)).json();
    assert!(placed.to_string().contains("\"placed\":1"), "{placed}");
    // What leaves makes the feed a newer one.
    server.upload(&hello("1.1"), "wait=published", &token);
    archive.repogen(&["remove", "hello=1.1"]).ok();
    archive.publish();
    let feed = archive.read("browse/stable/hello/feed.xml");
    let updated = |text: &str| {
        text.split("<updated>")
            .skip(1)
            .map(|rest| rest[..20].to_owned())
            .collect::<Vec<_>>()
    };
    let times = updated(&feed);
    assert!(times.iter().skip(1).all(|entry| *entry <= times[0]), "{feed}");
}

#[test]
fn a_change_is_only_for_what_was_seen() {
    let (archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = archive.account("bob", &["--role", "user"]);
    for (path, change) in [
        (format!("/api/packages/{id}"), json!({ "section": "admin" })),
        (
            format!("/api/users/{user}"),
            json!({ "email": "bob@example.org" }),
        ),
    ] {
        let tag = server.get(&path, Some(&token)).header("etag").unwrap();
        let put = |tag: &str| {
            let headers = [("If-Match", tag), ("Content-Type", "application/json")];
            server.send(
                "PUT",
                &path,
                Some(&token),
                (&headers, change.to_string().as_bytes()),
            )
        };
        assert_problem(&put("\"other\""), 412, "precondition_failed");
        assert_eq!(put(&format!("\"x\", {tag}")).status, 200);
        // It has another one now.
        assert_problem(&put(&tag), 412, "precondition_failed");
        assert_eq!(put("*").status, 200);
        let delete = |tag: &str| server.send("DELETE", &path, Some(&token), (&[("If-Match", tag)], &[]));
        assert_problem(&delete(&tag), 412, "precondition_failed");
        let tag = server.get(&path, Some(&token)).header("etag").unwrap();
        assert_eq!(delete(&tag).status, 204);
    }
}

#[test]
fn what_is_counted_makes_no_edit_fail() {
    let (archive, server, token) = Uploader::with_admin();
    let uploaded = server.upload(&hello("1.0"), "", &token).json();
    let path = format!("/api/packages/{}", uploaded["id"].as_str().unwrap());
    let tag = server.get(&path, Some(&token)).header("etag").unwrap();
    archive.change_catalog("insert into download (content_id, tree, count) select id, '', 7 from content");
    let after = server.get(&path, Some(&token));
    assert_eq!(after.json()["downloads"], 7);
    let newer = after.header("etag").unwrap();
    // Caches have to fetch it again, and whoever has seen the package may edit it.
    assert_ne!(newer, tag);
    let headers = [("If-Match", tag.as_str()), ("Content-Type", "application/json")];
    let edited = server.send("PUT", &path, Some(&token), (&headers, b"{\"section\":\"net\"}"));
    assert_eq!(edited.status, 200, "{}", edited.text());
    let headers = [("If-Match", newer.as_str()), ("Content-Type", "application/json")];
    let again = server.send("PUT", &path, Some(&token), (&headers, b"{\"section\":\"web\"}"));
    assert_problem(&again, 412, "precondition_failed");
}
