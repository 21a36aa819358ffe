//! Signing in at a provider: to enter, to link it to one's account, and to prove again who one is.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::cookies::{CONFIRMED, cookie, set_cookie};
use super::error::ConsoleError;
use super::frame::Frame;
use super::recent_sign_in;
use super::sign_in::{not_signed_in, own, signed_out};
use super::visitor::{COOKIE, Posted, Visitor, origin};
use crate::app::App;
use crate::caller::AuthMethod;
use crate::clock::now;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::problem::{Code, Problem};
use crate::query::read_query;
use crate::routes::auth::by_provider::{ReturnedPerson, enter, take_answer};
use crate::routes::users::identities::{linked, unlinked};
use crate::session::SessionUse;
use crate::single_sign_on::{PendingSignIn, Provider, ProviderAnswer, Purpose, confirmation, refused};

/// The cookie of a sign-in that has begun. Its prefix has browsers keep it to this host, this path and encrypted connections; `Lax` has
/// them send it when the provider sends them back.
const PENDING: &str = "__Host-sign-in";
/// How long somebody who has proven again who they are need not do so, in seconds.
const CONFIRMED_FOR: i64 = 600;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct NextParams {
    #[serde(default)]
    next: String,
}

/// Sends the browser to the provider, to sign in.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    Asked(params): Asked<NextParams>,
    request: Request,
) -> Answered {
    let (parts, _) = request.into_parts();
    app.limits.nameless_sign_in(origin(&parts).address)?;
    let (address, cookie) = begin(&app, own(&params.next), Purpose::Enter).await?;
    Ok(set_cookie(see(&address), PENDING, &cookie.0, cookie.1))
}

/// Sends the browser to the provider, to prove again who somebody is.
pub(super) async fn prove(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(params): Asked<NextParams>,
) -> Answered {
    let (account, session) = session_of(&visitor)?;
    let purpose = Purpose::Confirm { account, session };
    let (address, cookie) = begin(&app, own(&params.next), purpose).await?;
    Ok(set_cookie(see(&address), PENDING, &cookie.0, cookie.1))
}

/// Leads to the provider: a form may not lead to another host, so that nothing that a page holds is sent there.
#[derive(Template)]
#[template(path = "console/link.html")]
struct LinkPage {
    frame: Frame,
    provider: String,
    address: String,
}

/// Begins to link the provider to one's account.
pub(super) async fn link(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let (account, session) = session_of(&visitor)?;
    let purpose = Purpose::Link { account, session };
    let (address, cookie) = begin(&app, "/console/account?done=linked", purpose).await?;
    let shown = LinkPage {
        frame: Frame::new(&visitor, "Link an identity", None),
        provider: provider(&app).await?.name,
        address,
    };
    Ok(set_cookie(page(&shown)?, PENDING, &cookie.0, cookie.1))
}

/// Removes an identity of one's account, which signs out everywhere.
pub(super) async fn unlink(State(app): State<Arc<App>>, Path(id): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    app.changing(move |app| unlinked(app, &visitor.caller, visitor.caller.in_full()?, &id))
        .await?;
    Ok(signed_out("unlinked"))
}

/// Takes what the browser brings back from the provider.
pub(super) async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let response = match finish(&app, &mut parts).await {
        Ok(response) => response,
        Err(ConsoleError::Problem(problem)) => not_signed_in(&app, "", String::new(), *problem).await,
        Err(error @ ConsoleError::SignIn { .. }) => error.into_response(),
    };
    // Whatever came of it: the answer is good for nothing any more.
    set_cookie(response, PENDING, "", 0)
}

async fn finish(app: &Arc<App>, parts: &mut Parts) -> Answered {
    let origin = origin(parts);
    app.limits.nameless_sign_in(origin.address)?;
    let answer: ProviderAnswer =
        read_query(&parts.uri).map_err(|_| refused("the answer of the provider cannot be read"))?;
    let sealed = cookie(&parts.headers, PENDING);
    let pending = sealed.and_then(|sealed| PendingSignIn::open(&app.sessions, sealed, now()));
    let pending = pending.ok_or_else(|| {
        refused("this browser began no sign-in within the last ten minutes, or has finished it: try again")
    })?;
    let returned = arrive(app, &pending, answer).await?;
    match &pending.purpose {
        Purpose::Enter => {
            let presented = PresentedCredential {
                credential: ParsedCredential::None,
                origin,
            };
            let given = enter(app, (&presented, &parts.headers), returned).await?;
            let lifetime = app.sessions.ttl(SessionUse::Console);
            Ok(set_cookie(
                see(own(&pending.next)),
                COOKIE,
                &given.token,
                lifetime,
            ))
        }
        purpose => {
            let purpose = purpose.clone();
            let visitor = same_visitor(app, parts, &purpose).await?;
            settle(app, visitor, purpose, &pending, returned).await
        }
    }
}

/// Has the provider say who came back.
async fn arrive(
    app: &Arc<App>,
    pending: &PendingSignIn,
    answer: ProviderAnswer,
) -> Result<ReturnedPerson, Problem> {
    let (settings, secret) = app
        .blocking(|app| {
            let settings = app.single_sign_on.settings();
            let provider = settings.provider.as_ref().ok_or_else(no_provider)?;
            let secret = app.single_sign_on.client_secret(provider)?;
            Ok((settings, secret))
        })
        .await?;
    let provider = settings.provider.clone().ok_or_else(no_provider)?;
    let sign_on = &app.single_sign_on;
    let code = sign_on
        .check_answer(&provider, &app.sessions, (pending, answer))
        .await?;
    let taken = pending.clone();
    app.changing(move |app| take_answer(app, &taken)).await?;
    let person = sign_on
        .exchange(
            (&provider, secret.as_deref()),
            &app.sessions,
            pending,
            &code,
            now(),
        )
        .await?;
    Ok(ReturnedPerson {
        settings,
        provider,
        person,
    })
}

/// Returns who began, if they are still signed in by the same session.
async fn same_visitor(app: &Arc<App>, parts: &mut Parts, purpose: &Purpose) -> Result<Visitor, ConsoleError> {
    let visitor = Visitor::from_request_parts(parts, app).await?;
    let (account, session) = session_of(&visitor)?;
    let is_same = purpose.session() == Some((account.as_str(), session.as_str()));
    is_same
        .then_some(visitor)
        .ok_or_else(|| refused("another account is signed in by now: begin again").into())
}

/// Links an identity, or notes that somebody has proven again who they are.
async fn settle(
    app: &Arc<App>,
    visitor: Visitor,
    purpose: Purpose,
    pending: &PendingSignIn,
    returned: ReturnedPerson,
) -> Answered {
    let identity = returned.person.identity;
    let next = see(own(&pending.next));
    if matches!(purpose, Purpose::Link { .. }) {
        app.changing(move |app| linked(app, &visitor.caller, visitor.caller.in_full()?, identity))
            .await?;
        return Ok(next);
    }
    let AuthMethod::Session(verified) = visitor.caller.auth_method.clone() else {
        return Err(Problem::unauthenticated().into());
    };
    app.blocking(move |app| {
        let found = app.archive.external_identities().account_of_identity(&identity)?;
        let is_own = found.map(|account| account.id) == Some(visitor.caller.in_full()?.id.clone());
        is_own
            .then_some(())
            .ok_or_else(|| refused("that is not an identity of the account that is signed in"))
    })
    .await?;
    let until = now() + CONFIRMED_FOR;
    let text = confirmation(&app.sessions, &verified.session.id, until)?;
    Ok(set_cookie(next, CONFIRMED, &text, CONFIRMED_FOR))
}

/// Returns where the browser goes, and the cookie by which it is known when it comes back.
async fn begin(app: &Arc<App>, next: &str, purpose: Purpose) -> Result<(String, (String, i64)), Problem> {
    let provider = provider(app).await?;
    let pending = PendingSignIn::new(&provider.issuer, next, purpose, now());
    let address = app
        .single_sign_on
        .begin(&provider, &app.sessions, &pending)
        .await?;
    let cookie = (pending.seal(&app.sessions)?, crate::single_sign_on::LIFE);
    Ok((address.into(), cookie))
}

async fn provider(app: &Arc<App>) -> Result<Provider, Problem> {
    let settings = app.blocking(|app| Ok(app.single_sign_on.settings())).await?;
    settings.provider.clone().ok_or_else(no_provider)
}

fn no_provider() -> Problem {
    Problem::new(Code::NotFound, "no sign-in provider is configured")
}

/// Returns the account and the session of somebody who is signed in.
fn session_of(visitor: &Visitor) -> Result<(String, String), Problem> {
    let AuthMethod::Session(verified) = &visitor.caller.auth_method else {
        return Err(Problem::unauthenticated());
    };
    let session = &verified.session;
    Ok((session.account.to_string(), session.id.to_string()))
}
