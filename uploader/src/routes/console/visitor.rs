//! Whoever looks at the console: signed in by a cookie, and for every change by a form of the console's own pages.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::cookies::{CONFIRMED, cookie};
use super::error::ConsoleError;
use super::fields::Fields;
use crate::app::App;
use crate::caller::{AuthMethod, Caller};
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::origin::RequestOrigin;
use crate::problem::{Code, Problem};

/// The cookie of a session. Its prefix has browsers keep it to this host, this path and encrypted connections.
pub(super) const COOKIE: &str = "__Host-session";
/// The header in which a script sends what a form sends in a field.
const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) caller: Caller,
    pub(super) presented: PresentedCredential,
    /// What the forms of a page send along.
    pub(super) csrf: String,
    /// What was asked for.
    pub(super) path: String,
    /// The same with its query; where that is no page, the first one.
    pub(super) address: String,
    /// What says that they have just proven again who they are, if it is genuine.
    pub(super) confirmed: Option<String>,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ConsoleError> {
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |uri| &uri.0);
        let address = uri
            .path_and_query()
            .map_or("/console", |address| address.as_str());
        // What a form was sent to is no page: who signs in then begins at the first one.
        let is_page = matches!(parts.method, Method::GET | Method::HEAD);
        let address = if is_page { address } else { "/console" }.to_owned();
        let elsewhere = || ConsoleError::SignIn {
            next: address.clone(),
        };
        let confirmed = cookie(&parts.headers, CONFIRMED).map(str::to_owned);
        let token = cookie(&parts.headers, COOKIE).ok_or_else(elsewhere)?;
        let presented = PresentedCredential::of_session(token, &app.sessions, origin(parts));
        let path = uri.path().to_owned();
        let shown = presented.clone();
        let caller = app
            .blocking(move |app| {
                let caller = identify(app, &shown)?;
                caller.in_full()?;
                Ok(caller)
            })
            .await
            .map_err(|problem| match problem.code {
                // Over, ended, or of an account that is disabled or gone.
                Code::InvalidToken | Code::Unauthenticated => elsewhere(),
                _ => problem.into(),
            })?;
        let AuthMethod::Session(verified) = &caller.auth_method else {
            return Err(elsewhere());
        };
        let csrf = app
            .sessions
            .csrf(&verified.session.id)
            .map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            caller,
            presented,
            csrf,
            path,
            address,
            confirmed,
        })
    }
}

impl Visitor {
    /// Refuses a change that no page of the console asked for.
    fn check(&self, app: &App, headers: &HeaderMap, token: Option<&str>) -> Result<(), Problem> {
        check_origin(headers)?;
        let AuthMethod::Session(verified) = &self.caller.auth_method else {
            return Err(Problem::unauthenticated());
        };
        let fits = token.is_some_and(|token| app.sessions.fits_csrf(&verified.session.id, token));
        fits.then_some(()).ok_or_else(foreign)
    }
}

/// A form that a page of the console sent.
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ConsoleError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        let fields = Fields::read(Request::from_parts(parts, body), app).await?;
        visitor.check(app, &headers, fields.given("csrf"))?;
        Ok(Self { visitor, fields })
    }
}

/// Somebody whose script sends something that is no form.
pub(super) struct Sender(pub(super) Visitor);

impl FromRequestParts<Arc<App>> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, app)
            .await
            .map_err(|error| match error {
                ConsoleError::Problem(problem) => *problem,
                ConsoleError::SignIn { .. } => Problem::new(
                    Code::InvalidToken,
                    "you are no longer signed in: load the page again",
                ),
            })?;
        let token = parts
            .headers
            .get(CSRF_HEADER)
            .and_then(|token| token.to_str().ok());
        visitor.check(app, &parts.headers, token)?;
        Ok(Self(visitor))
    }
}

pub(super) fn origin(parts: &Parts) -> RequestOrigin {
    let origin = parts.extensions.get::<RequestOrigin>();
    origin.expect("every route is behind `request::observe`").clone()
}

/// Refuses a request that a page of another origin made, as the browser says.
///
/// Source: Fetch Metadata (W3C) and RFC 6454, section 7. Ports are told apart by the former alone: proxies leave them out of `Host`.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return (site == "same-origin").then_some(()).ok_or_else(foreign);
    }
    let Some(origin) = text("origin") else {
        return Ok(());
    };
    let host = |authority: &str| {
        let without_port = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        without_port
            .map_or(authority, |(host, _)| host)
            .to_ascii_lowercase()
    };
    let from = origin.split_once("://").map(|(_, authority)| host(authority));
    let to = text("host").map(host);
    (from.is_some() && from == to).then_some(()).ok_or_else(foreign)
}

fn foreign() -> Problem {
    Problem::new(
        Code::Forbidden,
        "the request did not come from a page of this console as it is now: load the page again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        for (pairs, is_own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (
                &[("origin", "https://deb.example.org"), ("host", "deb.example.org")],
                true,
            ),
            (
                &[
                    ("origin", "https://deb.example.org:8443"),
                    ("host", "deb.example.org"),
                ],
                true,
            ),
            (
                &[
                    ("origin", "https://[2001:db8::1]:8443"),
                    ("host", "[2001:db8::1]"),
                ],
                true,
            ),
            (
                &[
                    ("origin", "https://evil.example.org"),
                    ("host", "deb.example.org"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "deb.example.org")], false),
            (&[("origin", "https://deb.example.org")], false),
            // No browser: whatever it sends, it was not made to by a page.
            (&[("host", "deb.example.org")], true),
        ] {
            assert_eq!(check_origin(&headers(pairs)).is_ok(), is_own, "{pairs:?}");
        }
    }
}
