//! What must not seem to have taken effect: bodies and fields that nobody reads.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

use super::hostile::outcome;
use super::{hello, world};

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
