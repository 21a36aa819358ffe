//! Names of parameters and fields that no operation knows.

use super::assert_problem;
use archive_tests::{DebBuilder, Uploader};
use serde_json::{Value, json};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all")
}

#[test]
fn a_name_that_no_operation_knows_is_refused_and_changes_nothing() {
    let (_archive, server, token) = Uploader::with_admin();
    let id = server.upload(&hello("1.0"), "", &token).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = format!("/api/packages/{id}");
    for (method, path, hint) in [
        ("GET", "/api/packages?sort=password", "`sort`"),
        ("GET", "/api/packages?suites=stable", "did you mean `suite`?"),
        (
            "GET",
            "/api/packages/search/hello?Limit=1",
            "did you mean `limit`?",
        ),
        ("GET", &format!("{one}?suites=stable"), "did you mean `suite`?"),
        ("HEAD", &format!("{one}?suites=stable"), ""),
        ("DELETE", &format!("{one}?suites=other"), "did you mean `suite`?"),
        (
            "DELETE",
            &format!("{one}?suit%65s=other"),
            "did you mean `suite`?",
        ),
        ("GET", "/api/suites?private=1", "accepts none"),
    ] {
        let answer = server.send(method, path, Some(&token), (&[], &[]));
        assert_eq!(answer.status, 400, "{method} {path}");
        if method != "HEAD" {
            let detail = assert_problem(&answer, 400, "invalid_query");
            assert!(detail.contains(hint), "{detail}");
        }
    }
    assert_eq!(server.get(&one, None).status, 200, "nothing was deleted");
    let put = server.send(
        "PUT",
        "/api/upload/stable/hello_2.0_all.deb?suite=other",
        Some(&token),
        (&[("Accept", "application/json")], &hello("2.0").build()),
    );
    assert_problem(&put, 400, "invalid_query");
    let refused = server.json("PUT", &one, Some(&token), &json!({ "Section": "admin" }));
    let detail = assert_problem(&refused, 400, "unknown_field");
    assert!(detail.contains("did you mean `section`?"), "{detail}");
    let user = json!({ "username": "eve", "password": "correct horse battery", "Role": "admin" });
    assert_problem(
        &server.json("POST", "/api/users", Some(&token), &user),
        400,
        "unknown_field",
    );
    assert_eq!(
        server.get(&one, None).json()["section"],
        Value::Null,
        "it is as it was"
    );
    assert_eq!(server.get("/healthz?probe=1", None).status, 200);
}

#[test]
fn what_cannot_be_read_is_a_problem_like_any_other() {
    let (_archive, server, token) = Uploader::with_admin();
    assert_problem(&server.get("/api/packages/%ff", None), 400, "invalid_path");
    for query in ["cursor=%ff", "section=%ff", "section=a%e9b&limit=1", "%ff=1"] {
        let answer = server.get(&format!("/api/packages?{query}"), None);
        assert_problem(&answer, 400, "invalid_query");
    }
    assert_problem(&server.get("/api/nowhere", None), 404, "not_found");
    assert_problem(
        &server.send("PATCH", "/api/packages", Some(&token), (&[], &[])),
        405,
        "method_not_allowed",
    );
    let blanks = json!({ "username": "bob", "email": "b@example.org", "password": " ".repeat(12) });
    assert_problem(
        &server.json("POST", "/api/auth/register", None, &blanks),
        422,
        "weak_password",
    );
}
