//! `If-Match`: a change applies only to the state that was seen.

use super::assert_problem;
use archive_tests::{DebBuilder, Uploader};
use serde_json::json;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
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
