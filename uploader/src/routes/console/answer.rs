//! How pages of the console are sent, and what stands in their place when something is wrong.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use debian_control::terminal::escaped_page;

use super::address;
use super::error::ConsoleError;
use super::frame::Frame;
use crate::problem::{Code, Problem};

/// What a page may load and do: what this server has, and never within another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a handler answers with.
pub(super) type Answered = Result<Response, ConsoleError>;

/// Says what is wrong.
#[derive(Template)]
#[template(path = "console/message.html")]
struct Message {
    frame: Frame,
    detail: String,
    /// What explains the problem.
    page: String,
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::SignIn { next } => return see(&address("/console/sign-in", &[("next", &next)])),
            Self::Problem(problem) => *problem,
        };
        let page = Message {
            frame: Frame::outside(problem.code.title(), None),
            page: format!("/problems/{}", problem.code.text()),
            detail: problem.detail.clone(),
        };
        refused(&page, problem)
    }
}

/// Sends a page that says what is wrong.
pub(super) fn refused(page: &impl Template, problem: Problem) -> Response {
    let mut response = show(page);
    // To ask for a credential would have browsers show a window of their own.
    *response.status_mut() = match problem.code {
        Code::InvalidCredentials => StatusCode::FORBIDDEN,
        code => code.status(),
    };
    if let Some(seconds) = problem.retry_after {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(problem);
    response
}

/// Sends a page.
pub(super) fn page(page: &impl Template) -> Answered {
    Ok(show(page))
}

/// Writes a page, or that it cannot be written.
fn show(page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => escaped_page(&text),
        Err(error) => return Problem::internal(&error).into_response(),
    };
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers would not say then which origin a form comes from.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// Sends the browser to another page, as after a change: to load that again repeats nothing.
pub(super) fn see(address: &str) -> Response {
    Redirect::to(address).into_response()
}
