//! The caller of a request: the account, and what the credential lends of its rights.
//!
//! Everything here is read from the catalog for each request: a credential says who somebody is, never what they may.

mod rights;

use archive_catalog::accounts::{Account, Authority, CredentialId, Id, Role};
use archive_catalog::audit::{Actor, AuditEvent};
use debian_archive::archive::Archive;
use debian_control::digest::Sha256;

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
        self.again_among(archive, &mut CheckedCredentials::default())
    }

    /// The same beside others who are checked at this moment: a credential that several of them have is looked up once.
    pub(crate) fn again_among(
        &self,
        archive: &Archive,
        checked: &mut CheckedCredentials,
    ) -> Result<Self, Problem> {
        let mut caller = self.clone();
        if let Some(lent) = checked.get(archive, &caller.credential)? {
            caller.account = Some(lent.account);
            caller.grants = lent.grants;
            caller.auth_method = lent.auth_method;
            caller.ends_at = lent.ends_at;
        }
        caller.actor.token = caller.token().map(Id::to_string);
        caller.actor.authority = caller.authority();
        caller.actor.name = caller
            .account
            .as_ref()
            .map(|account| account.username.to_string());
        Ok(caller)
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

/// What a credential lends of the rights of an account.
#[derive(Debug, Clone)]
struct Lent {
    account: Account,
    grants: Grants,
    auth_method: AuthMethod,
    ends_at: Option<i64>,
}

/// What the catalog says at one moment of the credentials of several callers.
#[derive(Debug, Default)]
pub(crate) struct CheckedCredentials(Vec<(ParsedCredential, Lent)>);

impl CheckedCredentials {
    /// Returns what a credential lends; `None` where nothing was presented.
    fn get(&mut self, archive: &Archive, credential: &ParsedCredential) -> Result<Option<Lent>, Problem> {
        let mut known = self.0.iter();
        if let Some((_, lent)) = known.find(|(known, _)| known == credential) {
            return Ok(Some(lent.clone()));
        }
        let lent = match credential {
            ParsedCredential::None => return Ok(None),
            ParsedCredential::Bad => return Err(invalid()),
            ParsedCredential::Session(verified) => lent_by_session(archive, verified)?,
            ParsedCredential::Token(digest) => lent_by_token(archive, digest)?,
        };
        self.0.push((credential.clone(), lent.clone()));
        Ok(Some(lent))
    }
}

fn lent_by_session(archive: &Archive, verified: &VerifiedSession) -> Result<Lent, Problem> {
    // Its signature was checked when the request began.
    if verified.expires_at <= now() {
        return Err(invalid());
    }
    let owner = archive.accounts().session_owner(&verified.session)?;
    Ok(Lent {
        account: owner.ok_or_else(invalid)?,
        grants: Grants::All,
        auth_method: AuthMethod::Session(verified.clone()),
        ends_at: None,
    })
}

fn lent_by_token(archive: &Archive, digest: &Sha256) -> Result<Lent, Problem> {
    let found = archive.accounts().token_by_hash(digest)?;
    let (token, account) = found.ok_or_else(invalid)?;
    if token.expires_at.is_some_and(|end| end <= now()) {
        return Err(invalid());
    }
    // Scopes that this version does not know are ignored: they grant nothing here.
    let scopes: Vec<Scope> = token
        .scopes
        .iter()
        .filter_map(|scope| scope.parse().ok())
        .collect();
    let all = scopes.contains(&Scope::Admin) && account.role == Role::Admin;
    Ok(Lent {
        account,
        grants: if all { Grants::All } else { Grants::Scopes(scopes) },
        auth_method: AuthMethod::Token(token.id),
        ends_at: token.expires_at,
    })
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "the token is malformed, expired, revoked, or was issued by another server: sign in again",
    )
}
