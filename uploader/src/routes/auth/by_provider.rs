//! Signing in by what a provider says of somebody: which account that is, and what it may do from now on.

use std::sync::Arc;

use archive_catalog::accounts::{Account, AccountChange, AccountError, NewAccount, Role, Suites};
use archive_catalog::external_identities::{LinkError, LinkedIdentity, TakenAnswer};
use axum::http::HeaderMap;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::problem::{Code, Problem};
use crate::routes::auth::sign_in::{Begun, begin_session};
use crate::routes::wire;
use crate::secrets;
use crate::session::{GivenSession, SessionUse};
use crate::single_sign_on::{LIFE, PendingSignIn, Person, Provider, SignInSettings, refused};

/// Somebody whom a provider sent back, by the settings that they were sent there with.
pub(crate) struct ReturnedPerson {
    pub(crate) settings: Arc<SignInSettings>,
    pub(crate) provider: Provider,
    pub(crate) person: Person,
}

/// Notes that the answer to a sign-in was taken, and refuses it the second time. Blocking.
pub(crate) fn take_answer(app: &App, pending: &PendingSignIn) -> Result<(), Problem> {
    let answer = TakenAnswer {
        issuer: pending.issuer.clone(),
        id: pending.answer_id(),
        expires_at: pending.begun_at + LIFE,
    };
    if app.archive.external_identities().take_answer(&answer, now())? {
        return Ok(());
    }
    Err(refused("the answer was used before: sign in again"))
}

/// Begins a session of the console for the account of somebody who arrived.
pub(crate) async fn enter(
    app: &Arc<App>,
    (presented, headers): (&PresentedCredential, &HeaderMap),
    returned: ReturnedPerson,
) -> Result<GivenSession, Problem> {
    let detail =
        json!({ "issuer": returned.person.identity.issuer, "subject": returned.person.identity.subject });
    let by = presented.clone();
    let account = app
        .changing(move |app| account_of(app, &Caller::anonymous(&by), &returned))
        .await?;
    let begun = Begun {
        account: &account,
        session_use: SessionUse::Console,
        detail,
    };
    begin_session(app, (presented, headers), begun).await
}

/// Returns the account of somebody, with the rights of their groups. Blocking.
fn account_of(app: &App, by: &Caller, returned: &ReturnedPerson) -> Result<Account, Problem> {
    let ReturnedPerson {
        settings,
        provider,
        person,
    } = returned;
    let rights = person.rights(settings, app.archive.config()).map_err(|why| {
        tracing::error!("single-sign-on.toml does not fit repogen.toml: {why}");
        refused(
            "the settings for your group name a suite that the archive does not have: tell an administrator",
        )
    })?;
    let found = app
        .archive
        .external_identities()
        .account_of_identity(&person.identity)?;
    match (found, rights) {
        (Some(account), _) if account.disabled => Err(refused("the account is disabled")),
        (Some(account), Some(rights)) => follow(app, by, account, rights),
        (Some(account), None) => {
            follow(app, by, account, (Role::User, Suites::Only(Vec::new())))?;
            Err(without_group(provider))
        }
        (None, None) => Err(without_group(provider)),
        (None, Some(rights)) if provider.create_accounts => create(app, by, (provider, person), rights),
        (None, Some(_)) => Err(refused(format!(
            "no account is linked to who you are at `{}`: ask an administrator for one",
            provider.name
        ))),
    }
}

fn without_group(provider: &Provider) -> Problem {
    let name = &provider.name;
    refused(format!("you are in no group of `{name}` that may sign in here"))
}

/// Gives an account the rights of its groups, where it has others.
fn follow(app: &App, by: &Caller, account: Account, rights: (Role, Suites)) -> Result<Account, Problem> {
    let (role, suites) = rights;
    let before = match &account.suites {
        Suites::All => Suites::All,
        Suites::Only(suites) => {
            let mut suites = suites.clone();
            suites.sort();
            Suites::Only(suites)
        }
    };
    if (account.role, before) == (role, suites.clone()) {
        return Ok(account);
    }
    let detail = json!({ "role": role.as_str(), "suites": wire::recorded_suites(&suites), "from": "groups" });
    let change = AccountChange {
        role: Some(role),
        suites: Some(suites),
        ..AccountChange::default()
    };
    let event = by.event("user.change", account.username.to_string(), detail);
    let changed = app
        .archive
        .accounts()
        .change_account(&account.id, &change, &event);
    match changed {
        Err(error @ AccountError::LastAdmin) => {
            let name = &account.username;
            tracing::error!(
                "the groups of `{name}` end the rights of the last administrator: make another one first"
            );
            Err(error.into())
        }
        changed => Ok(changed?),
    }
}

/// Makes an account for somebody who has none. A name that is taken is never theirs.
fn create(
    app: &App,
    by: &Caller,
    (provider, person): (&Provider, &Person),
    (role, suites): (Role, Suites),
) -> Result<Account, Problem> {
    let username = person.username.clone().ok_or_else(|| {
        refused("the provider does not say what your account should be called: an administrator sets `username_claim`")
    })?;
    let mut account = Account {
        id: secrets::new_id(),
        username,
        email: person.email.clone(),
        role,
        suites,
        disabled: false,
        epoch: 0,
        created_at: now(),
    };
    match create_as(app, by, &account, person) {
        // Whose it is here was not proven: it is left out.
        Err(LinkError::Account(AccountError::EmailTaken(_))) => {
            account.email = None;
            create_as(app, by, &account, person)
        }
        outcome => outcome,
    }
    .map_err(|error| match error {
        LinkError::Account(AccountError::NameTaken(name)) => Problem::new(
            Code::UsernameTaken,
            format!(
                "another account is called `{name}`: if it is yours, sign in to it and link `{}` there, or ask an administrator",
                provider.name
            ),
        ),
        error => error.into(),
    })?;
    Ok(account)
}

fn create_as(app: &App, by: &Caller, account: &Account, person: &Person) -> Result<(), LinkError> {
    let identity = &person.identity;
    let detail = json!({ "role": account.role.as_str(), "suites": wire::recorded_suites(&account.suites), "issuer": identity.issuer, "subject": identity.subject });
    let event = by.event("user.create", account.username.to_string(), detail);
    let link = LinkedIdentity {
        id: secrets::new_id(),
        account: account.id.clone(),
        identity: identity.clone(),
        linked_at: now(),
    };
    let new = NewAccount {
        account: account.clone(),
        password: None,
    };
    app.archive
        .external_identities()
        .create_linked_account(&new, &link, &event)
}
