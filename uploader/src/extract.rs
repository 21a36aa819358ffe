//! Bodies and queries, with problems for what cannot be read.

mod credential;

use std::sync::Arc;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

pub(crate) use self::credential::PresentedBasic;
use crate::app::App;
use crate::operations::Operation;
use crate::problem::{Code, Problem};
use crate::query::read_query;
use crate::receive::{refuse_encoding, took_too_long};

/// A JSON body of at most two megabytes.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "expected `Content-Type: application/json`",
            ));
        }
        refuse_encoding(request.headers())?;
        let operation = request.extensions().get::<Arc<Operation>>().cloned();
        // It is small: it has as long in all as an upload may send nothing.
        let time = app.settings.upload_idle;
        let read = tokio::time::timeout(time, Bytes::from_request(request, app));
        let read = read.await.map_err(|_| took_too_long(time))?;
        let bytes = read.map_err(|rejection| {
            let code = match rejection.into_response().status().as_u16() {
                413 => Code::PayloadTooLarge,
                _ => Code::InvalidJson,
            };
            Problem::new(code, "expected a JSON body of at most 2 MB")
        })?;
        // serde also reads the fields of a struct from an array, by their order: no schema says so.
        let other = other_than_object(&bytes);
        if other == Some("an array") {
            return Err(not_an_object("an array"));
        }
        if let Some(operation) = operation {
            operation.check_body(&bytes)?;
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            match (error.classify(), other) {
                // serde would name a type of this program.
                (Category::Data, Some(other)) => not_an_object(other),
                (Category::Data, None) => Problem::new(Code::InvalidRequest, error.to_string()),
                _ => Problem::new(Code::InvalidJson, error.to_string()),
            }
        })
    }
}

/// Says what a JSON text is by its first letter, where that is no object.
fn other_than_object(text: &[u8]) -> Option<&'static str> {
    match text.trim_ascii_start().first()? {
        b'[' => Some("an array"),
        b'"' => Some("a string"),
        b't' | b'f' => Some("a boolean"),
        b'n' => Some("null"),
        b'-' | b'0'..=b'9' => Some("a number"),
        _ => None,
    }
}

fn not_an_object(found: &str) -> Problem {
    Problem::new(
        Code::InvalidRequest,
        format!("expected a JSON object, found {found}"),
    )
}

/// A JSON body, or none where all that it could say has a default.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        let Json(body) = Json::from_request(request, app).await?;
        Ok(Self(body))
    }
}

/// Says whether a body is JSON by its media type.
fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"))
}

/// Returns the media type of a body in lower case, without its parameters: it is the same in any case.
///
/// Source: RFC 9110, section 8.3.1.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let kind = kind.split(|byte| *byte == b';').next()?;
    let kind = str::from_utf8(kind.trim_ascii()).ok()?;
    Some(kind.to_ascii_lowercase())
}

/// The query of an address.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        read_query(&parts.uri).map(Self)
    }
}

/// The variable parts of a route's path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|rejection| {
                let text = rejection.body_text();
                Problem::new(Code::InvalidPath, text.trim_start_matches("Invalid URL: "))
            })
    }
}
