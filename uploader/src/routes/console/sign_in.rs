//! `/console/sign-in` and `/console/sign-out`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::answer::{Answered, page, refused, see};
use super::asked::Asked;
use super::cookies::{CONFIRMED, set_cookie};
use super::error::ConsoleError;
use super::fields::Fields;
use super::frame::Frame;
use super::visitor::{COOKIE, Posted, check_origin, origin};
use crate::app::App;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::problem::{Code, Problem};
use crate::routes::auth::logout::sign_out;
use crate::routes::auth::sign_in::{Attempt, sign_in};
use crate::session::SessionUse;

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
    passwords: bool,
    /// What the sign-in provider is called, and where to sign in there.
    provider: Option<(String, String)>,
}

/// Shows the form.
pub(super) async fn show(State(app): State<Arc<App>>, Asked(params): Asked<SignInParams>) -> Answered {
    let mut shown = SignInPage::new(&app, &params.next).await?;
    shown.frame = Frame::outside("Sign in", params.done.as_deref());
    page(&shown)
}

impl SignInPage {
    async fn new(app: &Arc<App>, next: &str) -> Result<Self, Problem> {
        let settings = app.blocking(|app| Ok(app.single_sign_on.settings())).await?;
        let next = own(next).to_owned();
        let start = super::address("/console/sign-in/provider", &[("next", &next)]);
        Ok(Self {
            frame: Frame::outside("Sign in", None),
            username: String::new(),
            problem: None,
            passwords: settings.passwords,
            provider: settings
                .provider
                .as_ref()
                .map(|provider| (provider.name.clone(), start)),
            next,
        })
    }
}

/// Sends the form again, and says why nobody was signed in.
pub(super) async fn not_signed_in(
    app: &Arc<App>,
    next: &str,
    username: String,
    problem: Problem,
) -> Response {
    match SignInPage::new(app, next).await {
        Ok(mut page) => {
            page.username = username;
            page.problem = Some(problem.detail.clone());
            refused(&page, problem)
        }
        Err(error) => ConsoleError::from(error).into_response(),
    }
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
        session_use: SessionUse::Console,
    };
    let lifetime = app.sessions.ttl(SessionUse::Console);
    match sign_in(&app, attempt).await {
        Ok((_, given)) => Ok(set_cookie(see(own(&next)), COOKIE, &given.token, lifetime)),
        Err(problem)
            if matches!(
                problem.code,
                Code::InvalidCredentials | Code::TooManyRequests | Code::PasswordsOff
            ) =>
        {
            Ok(not_signed_in(&app, &next, username, problem).await)
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
    let response = see(&super::address("/console/sign-in", &[("done", done)]));
    let response = set_cookie(response, CONFIRMED, "", 0);
    set_cookie(response, COOKIE, "", 0)
}

/// Returns where to go: only to pages of the console.
pub(super) fn own(next: &str) -> &str {
    let rest = next.strip_prefix("/console");
    let is_own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Browsers take `..` out of an address, also where its dots are escaped: it would lead out of the console.
    let path = next.split(['?', '#']).next().expect("a text has a first part");
    let climbs = path
        .split('/')
        .any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    if is_own && is_plain && !climbs {
        next
    } else {
        "/console"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_pages_of_the_console_only() {
        for next in ["/console", "/console/packages?q=a/../b", "/console?x"] {
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
            "/console/../..//evil.example.org",
            "/console/%2e%2E//evil.example.org",
            "/console/.%2e/api",
        ] {
            assert_eq!(own(next), "/console", "{next}");
        }
    }
}
