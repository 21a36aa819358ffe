//! Signing in by user name and password, for programs and for pages.

use std::net::IpAddr;
use std::sync::Arc;

use archive_catalog::accounts::{Account, SignIn, Username};
use axum::http::{HeaderMap, header};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::origin::{RequestOrigin, Requester, network};
use crate::problem::{Code, Problem};
use crate::session::{GivenSession, SessionUse};

/// How much of what a program says of itself is kept.
const AGENT: usize = 200;

/// Who signs in, and how.
pub(crate) struct Attempt<'a> {
    pub(crate) presented: &'a PresentedCredential,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) session_use: SessionUse,
}

/// Signs in, and notes the session. A wrong name and a wrong password are refused alike.
pub(crate) async fn sign_in(
    app: &Arc<App>,
    attempt: Attempt<'_>,
) -> Result<(Account, GivenSession), Problem> {
    let origin = &attempt.presented.origin;
    origin.set_requester(Requester::Claimed(attempt.username.chars().take(64).collect()));
    let account = checked(app, origin, &attempt.username, attempt.password).await?;
    let begun = Begun {
        account: &account,
        session_use: attempt.session_use,
        detail: json!({}),
    };
    let given = begin_session(app, (attempt.presented, attempt.headers), begun).await?;
    Ok((account, given))
}

/// Whose session begins.
pub(crate) struct Begun<'a> {
    pub(crate) account: &'a Account,
    pub(crate) session_use: SessionUse,
    /// What the audit log says of the sign-in, besides its account.
    pub(crate) detail: serde_json::Value,
}

/// Begins a session of somebody who has proven who they are, and notes it.
pub(crate) async fn begin_session(
    app: &Arc<App>,
    (presented, headers): (&PresentedCredential, &HeaderMap),
    begun: Begun<'_>,
) -> Result<GivenSession, Problem> {
    let given = app
        .sessions
        .give(begun.account, now(), begun.session_use)
        .map_err(|error| Problem::internal(&error))?;
    let sign_in = SignIn {
        session: given.session.clone(),
        created_at: now(),
        expires_at: given.expires_at,
        address: presented.origin.address.map(|address| address.to_string()),
        agent: agent(headers),
    };
    let name = begun.account.username.to_string();
    let event = Caller::anonymous(presented).event("login", name, begun.detail);
    app.changing(move |app| Ok(app.archive.accounts().begin_session(&sign_in, &event)?))
        .await?;
    Ok(given)
}

/// Checks the password of somebody who is signed in already, before what cannot be undone.
pub(crate) async fn confirm(
    app: &Arc<App>,
    origin: &RequestOrigin,
    account: &Account,
    password: String,
) -> Result<(), Problem> {
    let found = checked(app, origin, account.username.as_str(), password).await?;
    debug_assert_eq!(found.id, account.id, "a name is of one account");
    Ok(())
}

/// Returns the account of a name whose password is right, within the limits of attempts.
async fn checked(
    app: &Arc<App>,
    origin: &RequestOrigin,
    username: &str,
    password: String,
) -> Result<Account, Problem> {
    let rate = app.limits.sign_in(origin.address, username)?;
    let name = username.parse::<Username>().ok();
    let address = origin.address;
    let found = app
        .blocking(move |app| {
            check_passwords_are_taken(app)?;
            let found = match name {
                Some(name) => app.archive.accounts().account_named(&name)?,
                None => None,
            };
            let is_known = match &found {
                Some((account, _)) if rate.is_exceeded() => is_known_place(app, account, address)?,
                _ => false,
            };
            rate.unless(is_known)?;
            Ok(found)
        })
        .await?;
    let (account, kept) = found.map_or((None, None), |(account, kept)| (Some(account), kept));
    let fits = app.passwords.fits(password, kept).await?;
    let Some(account) = account.filter(|account| fits && !account.disabled) else {
        return Err(Problem::new(
            Code::InvalidCredentials,
            "no account has this name and password",
        ));
    };
    app.limits.signed_in(origin.address, account.username.as_str());
    Ok(account)
}

/// Says whether somebody is signed in from there as it is. What this process has seen is known without being asked for here.
fn is_known_place(app: &App, account: &Account, address: Option<IpAddr>) -> Result<bool, Problem> {
    let Some(address) = address.map(network) else {
        return Ok(false);
    };
    let sessions = app.archive.accounts().sessions(&account.id, now())?;
    let mut places = sessions
        .iter()
        .filter_map(|session| session.address.as_ref()?.parse().ok());
    Ok(places.any(|place: IpAddr| network(place) == address))
}

/// Refuses a password where people sign in at a provider only. Blocking.
pub(crate) fn check_passwords_are_taken(app: &App) -> Result<(), Problem> {
    if app.single_sign_on.settings().passwords {
        return Ok(());
    }
    Err(Problem::new(
        Code::PasswordsOff,
        "sign-in by password is disabled: sign in at the provider, on the page of the console",
    ))
}

/// Returns what the program says of itself, as far as that shows as it is written.
fn agent(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(said.chars().take(AGENT).collect())
}
