//! The caller of a request: the account, and what the credential lends of its rights.
//!
//! Everything here is read from the catalog for each request: a credential says who somebody is, never what they may.

mod rights;

use archive_catalog::accounts::{Account, Authority, CredentialId, Id, Role};
use archive_catalog::audit::{Actor, AuditEvent};
use debian_archive::archive::Archive;

use crate::clock::now;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::problem::{Code, Problem};
use crate::scope::Scope;
use crate::session::VerifiedSession;

/// What the credential lets its owner use of their rights.
#[derive(Debug, Clone)]
pub(crate) enum Grants {
    /// All of them: a session, or a token with the scope `admin`.
    All,
    /// What these scopes name.
    Scopes(Vec<Scope>),
}

/// How the caller is signed in.
#[derive(Debug, Clone)]
pub(crate) enum AuthMethod {
    Nothing,
    Session(VerifiedSession),
    Token(Id),
}

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    account: Option<Account>,
    grants: Grants,
    pub(crate) auth_method: AuthMethod,
    actor: Actor,
    ends_at: Option<i64>,
    credential: ParsedCredential,
}

impl Caller {
    /// Returns the same caller by what the catalog says now: rights count when something is done, and what an upload began
    /// with may have ended since.
    pub(crate) fn again(&self, archive: &Archive) -> Result<Self, Problem> {
        let mut caller = self.clone();
        caller.look_up(archive)?;
        Ok(caller)
    }

    fn look_up(&mut self, archive: &Archive) -> Result<(), Problem> {
        let caller = self;
        let accounts = archive.accounts();
        match &caller.credential {
            ParsedCredential::None => return Ok(()),
            ParsedCredential::Bad => return Err(invalid()),
            ParsedCredential::Session(verified) => {
                let verified = verified.clone();
                // Its signature was checked when the request began.
                if verified.expires_at <= now() {
                    return Err(invalid());
                }
                caller.account = Some(accounts.session_owner(&verified.session)?.ok_or_else(invalid)?);
                caller.auth_method = AuthMethod::Session(verified);
                caller.grants = Grants::All;
            }
            ParsedCredential::Token(digest) => {
                let (token, owner) = accounts.token_by_hash(digest)?.ok_or_else(invalid)?;
                if token.expires_at.is_some_and(|end| end <= now()) {
                    return Err(invalid());
                }
                // Scopes that this version does not know are ignored: they grant nothing here.
                let scopes: Vec<Scope> = token
                    .scopes
                    .iter()
                    .filter_map(|scope| scope.parse().ok())
                    .collect();
                let all = scopes.contains(&Scope::Admin) && owner.role == Role::Admin;
                caller.grants = if all { Grants::All } else { Grants::Scopes(scopes) };
                caller.ends_at = token.expires_at;
                caller.auth_method = AuthMethod::Token(token.id);
                caller.account = Some(owner);
            }
        }
        caller.actor.token = caller.token().map(Id::to_string);
        caller.actor.authority = caller.authority();
        caller.actor.name = caller
            .account
            .as_ref()
            .map(|account| account.username.to_string());
        Ok(())
    }

    /// Returns the caller as long as nothing is known of them.
    pub(crate) fn anonymous(presented: &PresentedCredential) -> Self {
        Self {
            account: None,
            grants: Grants::Scopes(Vec::new()),
            auth_method: AuthMethod::Nothing,
            ends_at: None,
            credential: presented.credential.clone(),
            actor: presented.origin.actor(),
        }
    }

    /// Returns the account and credential that a change by this caller rests on: the catalog refuses the change if either ends before it.
    fn authority(&self) -> Option<Authority> {
        let (credential, expires_at) = match &self.auth_method {
            AuthMethod::Nothing => return None,
            AuthMethod::Session(verified) => (
                CredentialId::Session(verified.session.id.clone()),
                Some(verified.expires_at),
            ),
            AuthMethod::Token(token) => (CredentialId::Token(token.clone()), self.ends_at),
        };
        Some(Authority {
            account: self.account.clone()?,
            credential,
            expires_at,
        })
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns an audit record of an action by this caller.
    pub(crate) fn event(
        &self,
        action: &'static str,
        subject: impl Into<String>,
        detail: serde_json::Value,
    ) -> AuditEvent {
        AuditEvent {
            at: now(),
            actor: self.actor.clone(),
            action,
            subject: subject.into(),
            detail: detail.to_string(),
        }
    }

    /// Returns the account, where somebody is signed in.
    pub(crate) fn known_account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// Returns the account; an error when nobody is signed in.
    pub(crate) fn account(&self) -> Result<&Account, Problem> {
        self.account.as_ref().ok_or_else(Problem::unauthenticated)
    }

    /// Returns the API token of the request, if it has one.
    pub(crate) fn token(&self) -> Option<&Id> {
        match &self.auth_method {
            AuthMethod::Token(token) => Some(token),
            AuthMethod::Nothing | AuthMethod::Session(_) => None,
        }
    }

    /// Returns when the API token of the request expires. `None`: never, or the request has a session, whose tokens may outlive it.
    pub(crate) fn ends_at(&self) -> Option<i64> {
        self.ends_at
    }

    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "the token is malformed, expired, revoked, or was issued by another server: sign in again",
    )
}
