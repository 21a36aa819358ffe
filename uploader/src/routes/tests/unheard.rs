//! What must not seem to have taken effect: bodies and fields that nobody reads.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::hostile::outcome;
use super::{JSON, hello, package, world};

/// Returns a body that comes in pieces, without a word on how much comes.
fn chunked(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> = pieces.iter().copied().map(Ok::<_, std::io::Error>).collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn an_operation_without_a_body_refuses_one() {
    let (server, jane) = world().await;
    let path = package(&server).await;
    let webhook = "/api/webhooks/x/ping";
    for (method, path) in [
        ("DELETE", path.as_str()),
        ("POST", "/api/auth/logout"),
        ("POST", "/api/tokens/x/rotation"),
        ("POST", webhook),
        ("GET", "/api/packages"),
        ("POST", "/api/uploads?suite=stable"),
    ] {
        for body in [
            json!({"suite": "testing"}).to_string().into(),
            chunked(&["", "suite=", "testing"]),
            "x".repeat(1 << 20).into(),
        ] {
            let answer = server.ask((method, path), Some(&jane), &[JSON], body).await;
            assert_eq!(
                outcome(&answer),
                (400, "unknown_field".into()),
                "{method} {path}: {}",
                answer.body
            );
        }
    }
    let refused = server.ask(("DELETE", &path), Some(&jane), &[JSON], "[]").await;
    assert!(refused.body.contains("`suite`"), "{}", refused.body);
    let there = server.ask(("GET", &path), None, &[], "").await;
    assert_eq!(there.status, 200, "nothing was removed");
    for body in [chunked(&[]), chunked(&["", " "]), "{}".into(), Body::empty()] {
        let answer = server.ask(("GET", &path), None, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_field_that_is_not_known_is_refused_at_any_depth() {
    let (server, jane) = world().await;
    let path = package(&server).await;
    let promotions = "/api/suites/stable/promotions";
    for ((method, path), body, said) in [
        (
            ("PUT", path.as_str()),
            json!({"tags": ["new", {"name": "web", "colour": "#007bff"}]}),
            "unknown field `colour` of `tags`: did you mean `color`?",
        ),
        (
            ("PUT", &path),
            json!({"suites": [{"suite": "stable", "component": "main", "x": 1}]}),
            "unknown field `x` of `suites`",
        ),
        (
            ("POST", promotions),
            json!({"from": "prod", "dry_run": true, "query": {"sectoin": "web"}}),
            "unknown field `sectoin` of `query`: did you mean `section`?",
        ),
    ] {
        let answer = server
            .ask((method, path), Some(&jane), &[JSON], body.to_string())
            .await;
        assert_eq!(outcome(&answer), (400, "unknown_field".into()), "{}", answer.body);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
}

fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let head = format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n");
    [head.as_bytes(), value, b"\r\n"].concat()
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");
const UPLOAD: (&str, &str) = ("POST", "/api/packages?suite=stable");

#[tokio::test]
async fn a_form_has_its_file_and_nothing_else() {
    let (server, jane) = world().await;
    let package = hello("2.0");
    for (fields, said) in [
        (
            [field("suite", b"secret"), field("file", &package)],
            "parameters such as `suite` go in the query",
        ),
        (
            [field("file", &package), field("suite", b"secret")],
            "parameters such as `suite` go in the query",
        ),
        (
            [
                field("\"a\"; filename=\"a.deb\"", &package),
                field("file", &package),
            ],
            "one .deb per request",
        ),
    ] {
        let body = [fields.concat(), b"--x--\r\n".to_vec()].concat();
        let answer = server.ask(UPLOAD, Some(&jane), &[FORM], body).await;
        assert_eq!(
            outcome(&answer),
            (400, "invalid_upload".into()),
            "{}",
            answer.body
        );
        assert!(answer.body.contains(said), "{}", answer.body);
    }
    let listed = server
        .ask(("GET", "/api/packages?version=2.0"), None, &[], "")
        .await;
    assert!(listed.body.contains("\"items\":[]"), "nothing was kept");
}

#[tokio::test]
async fn a_field_that_is_no_file_is_refused_before_its_value_came() {
    let (server, jane) = world().await;
    let head = "--x\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\nx";
    let body = || {
        let head = stream::iter([Ok::<_, std::io::Error>(Bytes::from(head))]);
        Body::from_stream(head.chain(stream::pending()))
    };
    // More than one account has slots.
    for _ in 0..80 {
        let answer = server.ask(UPLOAD, Some(&jane), &[FORM], body());
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
        assert_eq!(outcome(&answer.unwrap()), (400, "invalid_upload".into()));
    }
}

/// Returns a body that begins with `first`, goes on for 8 MiB, and then stays open.
fn long(first: Vec<u8>) -> Body {
    let piece = Bytes::from(vec![b'y'; 64 << 10]);
    let pieces = std::iter::once(Bytes::from(first)).chain(std::iter::repeat_n(piece, 128));
    let pieces = stream::iter(pieces.map(Ok::<_, std::io::Error>));
    Body::from_stream(pieces.chain(stream::pending()))
}

#[tokio::test]
async fn what_is_around_the_file_of_a_form_is_not_kept_without_end() {
    let (server, jane) = world().await;
    let package = field("file", &hello("2.0"));
    for (at, first) in [
        ("before the first field", b"x".to_vec()),
        ("in the head of a field", b"--x\r\nX: ".to_vec()),
        ("after the file", [package, b"--x\r\nX: ".to_vec()].concat()),
    ] {
        let answer = server.ask(UPLOAD, Some(&jane), &[FORM], long(first));
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{at}: more was waited for"));
        assert_eq!(outcome(&answer), (400, "invalid_upload".into()), "{at}");
        assert!(
            answer.body.contains("within 1048576 bytes"),
            "{at}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_form_is_read_whatever_its_pieces_are() {
    let (server, jane) = world().await;
    let mut form = field("file", &hello("2.0"));
    form.extend(b"--x--\r\n");
    // All that is there at once, and before the form as much as may be there.
    let before = [vec![b'y'; 600 << 10], b"\r\n".to_vec(), form.clone()].concat();
    for (body, size, status) in [
        (&form, 1, 201),
        (&form, 7, 200),
        (&before, 64 << 10, 200),
        (&before, before.len(), 200),
    ] {
        let pieces: Vec<_> = body.chunks(size).map(Bytes::copy_from_slice).collect();
        let pieces = stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        let answer = server
            .ask(UPLOAD, Some(&jane), &[FORM], Body::from_stream(pieces))
            .await;
        assert_eq!(answer.status, status, "{size}: {}", answer.body);
    }
}
