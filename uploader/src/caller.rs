//! Who asks, and what they may do.
//!
//! Everything here is read from the catalog for each request: a credential says who somebody is, never what they may.

use archive_catalog::accounts::{Account, Authority, CredentialId, Id, Role, Suites};
use archive_catalog::audit::{Actor, AuditEvent};
use debian_archive::archive::Archive;
use debian_archive::config::{Config, Suite};
use debian_control::name::PackageName;

use crate::app::App;
use crate::clock::now;
use crate::credential::{Credential, Presented};
use crate::origin::Requester;
use crate::problem::{Challenge, Code, Problem};
use crate::scope::{Scope, SuitePattern};
use crate::session::Proven;

/// What the credential lets its owner use of their rights.
#[derive(Debug, Clone)]
pub(crate) enum Grants {
    /// All of them: a session, or a token with the scope `admin`.
    All,
    /// What these scopes name.
    Scopes(Vec<Scope>),
}

/// By what somebody is signed in.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    Nothing,
    Session(Proven),
    Token(Id),
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    account: Option<Account>,
    grants: Grants,
    pub(crate) means: Means,
    actor: Actor,
    ends_at: Option<i64>,
    credential: Credential,
}

impl Caller {
    /// Looks a credential up. One that proves nothing is an error, also where none is needed.
    pub(crate) fn identify(app: &App, presented: &Presented) -> Result<Self, Problem> {
        let mut caller = Self::nobody(presented);
        caller.look_up(&app.archive)?;
        if let Means::Token(token) = &caller.means {
            app.usage.token(token, now());
        }
        if let Some(account) = &caller.account {
            presented.origin.set_requester(Requester::Account {
                name: account.username.to_string(),
                token: caller.token().cloned(),
            });
            app.limits.account(presented.origin.traffic, &account.id)?;
        }
        Ok(caller)
    }

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
            Credential::None => return Ok(()),
            Credential::Bad => return Err(invalid()),
            Credential::Session(proven) => {
                let proven = proven.clone();
                // Its signature was checked when the request began.
                if proven.expires_at <= now() {
                    return Err(invalid());
                }
                caller.account = Some(accounts.session_owner(&proven.session)?.ok_or_else(invalid)?);
                caller.means = Means::Session(proven);
                caller.grants = Grants::All;
            }
            Credential::Token(digest) => {
                let (token, owner) = accounts.token_by_hash(digest)?.ok_or_else(invalid)?;
                if token.expires_at.is_some_and(|end| end <= now()) {
                    return Err(invalid());
                }
                // A scope of a later version of this program is none to this one.
                let scopes: Vec<Scope> = token
                    .scopes
                    .iter()
                    .filter_map(|scope| scope.parse().ok())
                    .collect();
                let all = scopes.contains(&Scope::Admin) && owner.role == Role::Admin;
                caller.grants = if all { Grants::All } else { Grants::Scopes(scopes) };
                caller.ends_at = token.expires_at;
                caller.means = Means::Token(token.id);
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

    /// The same where programs know Basic only.
    pub(crate) fn identify_basic(app: &App, presented: &Presented) -> Result<Self, Problem> {
        Self::identify(app, presented).map_err(with_basic)
    }

    /// Returns somebody who shows nothing.
    pub(crate) fn nobody(presented: &Presented) -> Self {
        Self {
            account: None,
            grants: Grants::Scopes(Vec::new()),
            means: Means::Nothing,
            ends_at: None,
            credential: presented.credential.clone(),
            actor: presented.origin.actor(),
        }
    }

    /// Returns what a change rests on that this caller may make.
    fn authority(&self) -> Option<Authority> {
        let (credential, expires_at) = match &self.means {
            Means::Nothing => return None,
            Means::Session(proven) => (
                CredentialId::Session(proven.session.id.clone()),
                Some(proven.expires_at),
            ),
            Means::Token(token) => (CredentialId::Token(token.clone()), self.ends_at),
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

    /// Returns an audit record of what this caller does.
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

    /// Returns the account; an error when nobody is signed in.
    pub(crate) fn account(&self) -> Result<&Account, Problem> {
        self.account.as_ref().ok_or_else(Problem::unauthenticated)
    }

    /// Returns the token that was shown, where it was one.
    pub(crate) fn token(&self) -> Option<&Id> {
        match &self.means {
            Means::Token(token) => Some(token),
            Means::Nothing | Means::Session(_) => None,
        }
    }

    /// Returns when the token ends that was shown; `None`: never, or it is a sign-in, whose tokens outlive it.
    pub(crate) fn ends_at(&self) -> Option<i64> {
        self.ends_at
    }

    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Checks that the credential gives all that its owner has: what concerns accounts and tokens needs that.
    pub(crate) fn in_full(&self) -> Result<&Account, Problem> {
        let account = self.account()?;
        match self.grants {
            Grants::All => Ok(account),
            Grants::Scopes(_) => Err(scope_too_small("a sign-in, or a token with the scope `admin`")),
        }
    }

    /// Checks that an administrator asks.
    pub(crate) fn admin(&self) -> Result<&Account, Problem> {
        let account = self.account()?;
        if account.role != Role::Admin {
            return Err(Problem::new(Code::Forbidden, "only an administrator may do this"));
        }
        self.in_full()
    }

    /// Says whether the caller may read a suite.
    pub(crate) fn reads(&self, suite: &Suite) -> bool {
        !suite.private
            || self.belongs_to(suite)
                && self
                    .granted(|scope| matches!(scope, Scope::Read(pattern) if pattern.fits(&suite.codename)))
    }

    /// Says whether the caller may know that a suite is there.
    pub(crate) fn sees(&self, suite: &Suite) -> bool {
        self.reads(suite)
            || self.belongs_to(suite)
                && self.granted(|scope| match scope {
                    Scope::Upload(pattern, _) | Scope::Delete(pattern, _) => pattern.fits(&suite.codename),
                    _ => false,
                })
    }

    /// Says whether the caller may know that a package of a name is in a suite, to take it out.
    pub(crate) fn takes_out(&self, suite: &Suite, package: &PackageName) -> bool {
        self.reads(suite)
            || self.belongs_to(suite)
                && self.granted(|scope| matches!(scope, Scope::Delete(pattern, glob) if pattern.fits(&suite.codename) && glob.fits(package)))
    }

    fn belongs_to(&self, suite: &Suite) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| belongs_to(account, suite))
    }

    fn maintains(&self, suite: &Suite) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| maintains(account, suite))
    }

    fn granted(&self, fits: impl Fn(&Scope) -> bool) -> bool {
        match &self.grants {
            Grants::All => true,
            Grants::Scopes(scopes) => scopes.iter().any(fits),
        }
    }

    /// Checks the right to bring a package, or any at all, into a suite, or to change it there.
    pub(crate) fn uploads(&self, suite: &Suite, package: Option<&PackageName>) -> Result<(), Problem> {
        self.account()?;
        self.maintained(suite)?;
        let fits = |scope: &Scope| match scope {
            Scope::Upload(pattern, glob) => {
                pattern.fits(&suite.codename) && package.is_none_or(|package| glob.fits(package))
            }
            _ => false,
        };
        if self.granted(fits) {
            return Ok(());
        }
        let package = package.map_or("PACKAGE", PackageName::as_str);
        Err(scope_too_small(&format!(
            "the scope `upload:{}/{package}`",
            suite.codename
        )))
    }

    /// Checks the right to take a package that `author` brought out of a suite.
    pub(crate) fn deletes(
        &self,
        suite: &Suite,
        package: &PackageName,
        author: Option<&str>,
    ) -> Result<(), Problem> {
        let account = self.account()?;
        self.maintained(suite)?;
        // A scope narrows what its owner may, and adds nothing to it.
        if account.role != Role::Admin && author != Some(account.username.as_str()) {
            return Err(Problem::new(
                Code::Forbidden,
                "only an administrator, or who brought it into the suite, may do this",
            ));
        }
        match &self.grants {
            Grants::All => Ok(()),
            Grants::Scopes(_) => {
                let fits = |scope: &Scope| matches!(scope, Scope::Delete(pattern, glob) if pattern.fits(&suite.codename) && glob.fits(package));
                if self.granted(fits) {
                    return Ok(());
                }
                Err(scope_too_small(&format!(
                    "the scope `delete:{}/{package}`",
                    suite.codename
                )))
            }
        }
    }

    fn maintained(&self, suite: &Suite) -> Result<(), Problem> {
        if self.maintains(suite) {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            format!("only a maintainer of suite `{}` may do this", suite.codename),
        ))
    }

    /// Checks that a scope is within the rights of the account.
    pub(crate) fn owns(&self, app: &App, scope: &Scope, written: &str) -> Result<(), Problem> {
        if within(app.archive.config(), self.account()?, scope) {
            return Ok(());
        }
        Err(Problem::new(
            Code::ScopeAboveRights,
            // In the words of who asks: an alias does not tell the name of a suite.
            format!(
                "the account has no right to `{}`, so no token of it can have",
                written.escape_debug()
            ),
        ))
    }

    /// Returns the suites that the caller may read.
    pub(crate) fn readable<'a>(&self, app: &'a App) -> Vec<&'a Suite> {
        app.archive
            .config()
            .suites
            .iter()
            .filter(|suite| self.reads(suite))
            .collect()
    }

    /// Returns the suite of a codename or alias, when the caller may know of it.
    pub(crate) fn suite<'a>(&self, app: &'a App, name: &str) -> Result<&'a Suite, Problem> {
        let suite = app.archive.config().suite(name);
        suite
            .filter(|suite| self.sees(suite))
            .ok_or_else(|| Problem::no_such_suite(name))
    }
}

/// Says whether a scope is within the rights of an account. Suites in it are codenames.
pub(crate) fn within(config: &Config, account: &Account, scope: &Scope) -> bool {
    let everywhere = |pattern: &SuitePattern, right: &dyn Fn(&Suite) -> bool| match pattern {
        // Suites to come are in it too.
        SuitePattern::Any => account.suites == Suites::All && config.suites.iter().all(right),
        SuitePattern::One(name) => config
            .suites
            .iter()
            .any(|suite| suite.codename == *name && right(suite)),
    };
    match scope {
        Scope::Admin => account.role == Role::Admin,
        Scope::Read(pattern) => everywhere(pattern, &|suite| !suite.private || belongs_to(account, suite)),
        Scope::Upload(pattern, _) | Scope::Delete(pattern, _) => {
            everywhere(pattern, &|suite| maintains(account, suite))
        }
    }
}

/// Says whether the suite is one of the account's.
fn belongs_to(account: &Account, suite: &Suite) -> bool {
    account.role == Role::Admin || account.suites.include(&suite.codename)
}

/// Says whether the account maintains the suite.
fn maintains(account: &Account, suite: &Suite) -> bool {
    match account.role {
        Role::Admin => true,
        Role::Maintainer => belongs_to(account, suite),
        Role::User => false,
    }
}

/// Makes a refusal ask for Basic.
pub(crate) fn with_basic(mut problem: Problem) -> Problem {
    problem.challenge = Challenge::Basic;
    problem
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "it is malformed, has run out, was revoked, or is not of this server: sign in again",
    )
}

fn scope_too_small(wanted: &str) -> Problem {
    Problem::new(Code::ScopeTooSmall, format!("this needs {wanted}"))
}
