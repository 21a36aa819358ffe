//! `/console/sign-in` and `/console/sign-out`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::answer::{Answered, page, refused, see};
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::{COOKIE, Posted, check_origin, origin};
use crate::app::App;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::problem::Code;
use crate::routes::auth::logout::sign_out;
use crate::routes::auth::sign_in::{Attempt, sign_in};

/// How long a session of the console lasts, in seconds: a day's work.
const TTL: i64 = 12 * 3600;

/// Where to go after signing in, and what was done before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SignInParams {
    #[serde(default)]
    next: String,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    username: String,
    problem: Option<String>,
}

/// Shows the form.
pub(super) async fn show(Query(params): Query<SignInParams>) -> Answered {
    page(&SignInPage {
        frame: Frame::outside("Sign in", params.done.as_deref()),
        next: own(&params.next).to_owned(),
        username: String::new(),
        problem: None,
    })
}

/// Signs in. The session has a key that nothing had before: whatever cookie the browser sent counts for nothing.
pub(super) async fn enter(State(app): State<Arc<App>>, request: Request) -> Answered {
    let (parts, body) = request.into_parts();
    check_origin(&parts.headers)?;
    let presented = PresentedCredential {
        credential: ParsedCredential::None,
        origin: origin(&parts),
    };
    let headers = parts.headers.clone();
    let fields = Fields::read(Request::from_parts(parts, body), &app).await?;
    let next = fields.text("next");
    let username = fields.text("username");
    let attempt = Attempt {
        presented: &presented,
        headers: &headers,
        username: username.clone(),
        password: fields.password("password"),
        ttl: TTL,
    };
    match sign_in(&app, attempt).await {
        Ok((_, given)) => Ok(with_cookie(see(own(&next)), &given.token, TTL)),
        Err(problem) if matches!(problem.code, Code::InvalidCredentials | Code::TooManyRequests) => {
            let page = SignInPage {
                frame: Frame::outside("Sign in", None),
                next: own(&next).to_owned(),
                username,
                problem: Some(problem.detail.clone()),
            };
            Ok(refused(&page, problem))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Signs out: the session ends on every server.
pub(super) async fn leave(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let caller = posted.visitor.caller;
    app.changing(move |app| sign_out(app, &caller)).await?;
    Ok(signed_out("signed-out"))
}

/// Leads to the sign-in, without the cookie.
pub(super) fn signed_out(done: &str) -> Response {
    with_cookie(see(&super::address("/console/sign-in", &[("done", done)])), "", 0)
}

fn with_cookie(response: Response, token: &str, seconds: i64) -> Response {
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let cookie = HeaderValue::try_from(cookie).expect("a token is letters, digits, `-`, `_` and dots");
    ([(header::SET_COOKIE, cookie)], response).into_response()
}

/// Returns where to go: only to pages of the console.
fn own(next: &str) -> &str {
    let rest = next.strip_prefix("/console");
    let is_own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own && is_plain { next } else { "/console" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_pages_of_the_console_only() {
        for next in ["/console", "/console/packages?q=a", "/console?x"] {
            assert_eq!(own(next), next);
        }
        for next in [
            "",
            "/",
            "//evil.example.org",
            "https://evil.example.org",
            "/consoleevil",
            "/console/\r\nSet-Cookie:x",
            "/console\\evil",
        ] {
            assert_eq!(own(next), "/console", "{next}");
        }
    }
}
