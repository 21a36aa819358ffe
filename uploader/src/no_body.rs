//! Requests to operations that take no body: one that has content is refused.
//!
//! A body that is passed over reads as success: `DELETE` with `{"suite": "testing"}` would delete from all suites.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use futures_util::StreamExt as _;

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::receive::{drain_stranger, took_too_long};

/// How long a body without content may be, in bytes: libraries write `{}` where there is nothing to say.
const MOST: usize = 64;

/// Returns a request without a body, whose operation takes its parameters in the query.
pub(crate) async fn without_content(
    app: &App,
    request: Request,
    query: &[String],
) -> Result<Request, Problem> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    if request.body().size_hint().lower() <= MOST as u64 {
        let (head, body) = request.into_parts();
        let time = app.settings.upload_idle;
        let (text, rest) = tokio::time::timeout(time, beginning(body))
            .await
            .map_err(|_| took_too_long(time))??;
        if has_no_content(&text) {
            return Ok(Request::from_parts(head, Body::empty()));
        }
        drain_stranger(app, Request::from_parts(head, rest)).await;
    } else {
        // Nothing of it is asked for: a client that waits for `100 Continue` does not send it.
        drain_stranger(app, request).await;
    }
    Err(refused(query))
}

/// Reads a body until it ends, or is longer than one without content; returns what was read, and what was not.
async fn beginning(body: Body) -> Result<(Vec<u8>, Body), Problem> {
    let mut pieces = body.into_data_stream();
    let mut text = Vec::new();
    while text.len() <= MOST
        && let Some(piece) = pieces.next().await
    {
        let piece = piece.map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
        text.extend(piece.iter().take(MOST + 1));
    }
    Ok((text, Body::from_stream(pieces)))
}

/// Says whether a body is blank, or an object without fields.
fn has_no_content(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let inner = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}"));
    text.is_empty() || inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

fn refused(query: &[String]) -> Problem {
    let parameters = match query {
        [] => "no body and no query parameters".to_owned(),
        query => format!(
            "no body: send parameters in the query, where it accepts `{}`",
            query.join("`, `")
        ),
    };
    Problem::new(Code::UnknownField, format!("this operation accepts {parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_fields_is_no_content() {
        for (text, expected) in [
            ("", true),
            (" \r\n", true),
            ("{}", true),
            ("\n{ } ", true),
            ("null", false),
            ("{", false),
            ("}", false),
            ("suite=testing", false),
            (r#"{"suite":"testing"}"#, false),
        ] {
            assert_eq!(has_no_content(text.as_bytes()), expected, "{text:?}");
        }
    }
}
