//! Failures as answers: problem+json, or text where programs show a body as it is.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use serde::Serialize;

use super::code::Code;
use super::details::{Challenge, Problem};

/// Details of a failure (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Path of the page that explains the code.
    #[serde(rename = "type")]
    kind: String,
    /// A summary that is the same for every failure with this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was found, and what was expected.
    detail: String,
    /// The request ID, as in the server's log.
    instance: String,
    /// Identifies the kind of failure.
    code: Code,
}

impl Problem {
    /// The text form, for programs that show a body as it is.
    pub(crate) fn into_text(self) -> Response {
        let text = format!("{}: {}\n", self.code.title(), self.detail);
        let code = HeaderValue::from_static(self.code.text());
        let mut response = (self.code.status(), text).into_response();
        response.headers_mut().insert("x-error-code", code);
        // dput shows nothing else of an answer than its status line.
        let reason = ReasonPhrase::try_from(reason(&self).into_bytes());
        let reason = reason.expect("printable ASCII is a reason phrase");
        response.extensions_mut().insert(reason);
        self.with_headers(response)
    }

    /// The form that the operation answers in: where programs put files, text unless JSON is asked for.
    pub(crate) fn into_response_to(self, request: &Request) -> Response {
        let puts_files = request.uri().path().starts_with("/api/upload/");
        if puts_files && !wants_json(request.headers()) {
            self.into_text()
        } else {
            self.into_response()
        }
    }

    fn with_headers(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Source: RFC 9110, section 11.6.1; RFC 6750, section 3, for what was wrong with a token.
        let challenge = match (self.code.status(), self.challenge, self.code) {
            (StatusCode::UNAUTHORIZED, Challenge::Basic, _) => {
                Some(r#"Basic realm="archive", charset="UTF-8""#)
            }
            (_, Challenge::Bearer, Code::InvalidToken) => {
                Some(r#"Bearer realm="archive", error="invalid_token""#)
            }
            (_, _, Code::ScopeTooSmall) => Some(r#"Bearer realm="archive", error="insufficient_scope""#),
            (StatusCode::UNAUTHORIZED, Challenge::Bearer, _) => Some(r#"Bearer realm="archive""#),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Says whether a client asks for JSON where the answer is text by default.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(is_wanted_json)
}

/// Says whether a media range is JSON, and is not said to be unwanted.
///
/// Source: RFC 9110, sections 8.3.1 and 12.4.2.
fn is_wanted_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_json = ["application/json", "application/problem+json"]
        .iter()
        .any(|json| kind.eq_ignore_ascii_case(json));
    is_json
        && !parts.any(|parameter| {
            let weight = parameter
                .strip_prefix("q=")
                .or_else(|| parameter.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
        })
}

/// Returns the text form on one line of ASCII, short enough for a status line.
fn reason(problem: &Problem) -> String {
    const MOST: usize = 300;
    let text = format!("{}: {}", problem.code.title(), problem.detail);
    let is_shown = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    text.chars()
        .map(|letter| if is_shown(letter) { letter } else { '?' })
        .take(MOST)
        .collect()
}

impl IntoResponse for Problem {
    /// Leaves the body to [`complete`], which knows the request.
    fn into_response(self) -> Response {
        let response = self.code.status().into_response();
        self.with_headers(response)
    }
}

/// Gives the answer to a request its body where it is a problem, and returns that.
pub(crate) fn complete(response: &mut Response, request_id: &str) -> Option<Problem> {
    let problem = response.extensions_mut().remove::<Problem>()?;
    // The text form has its body already, which names no request.
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return Some(problem);
    }
    let body = ProblemBody {
        kind: format!("/problems/{}", problem.code.text()),
        title: problem.code.title(),
        status: problem.code.status().as_u16(),
        detail: problem.detail.clone(),
        instance: request_id.to_owned(),
        code: problem.code,
    };
    let text = serde_json::to_vec(&body).expect("texts and a number are JSON");
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    *response.body_mut() = text.into();
    Some(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_wanted_in_any_case_and_not_with_a_weight_of_nothing() {
        for (accept, expected) in [
            ("application/json", true),
            ("APPLICATION/JSON", true),
            ("text/plain, application/problem+json;q=0.1", true),
            ("application/json; charset=utf-8; q=1", true),
            ("text/plain, application/json;q=0", false),
            ("application/json; Q=0.000", false),
            ("application/jsonl", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_json(&headers), expected, "{accept}");
        }
    }
}
