//! What a caller may do: the rights of the account, as far as the credential lends them.

use archive_catalog::accounts::{Account, Role};
use debian_archive::config::{Config, Suite};
use debian_control::name::PackageName;

use super::{AuthMethod, Caller, Grants};
use crate::account_rights;
use crate::problem::{Code, Problem};
use crate::scope::Scope;

/// How long after a sign-in its password counts as typed, in seconds.
const RECENT: i64 = 5 * 60;

impl Caller {
    /// Checks that the credential lends all rights of its owner, which managing accounts and tokens requires.
    pub(crate) fn in_full(&self) -> Result<&Account, Problem> {
        let account = self.account()?;
        match self.grants {
            Grants::All => Ok(account),
            Grants::Scopes(_) => Err(scope_too_small("a sign-in, or a token with the scope `admin`")),
        }
    }

    /// Says whether the caller signed in a moment ago: a session that was left open, or taken, is not enough for everything.
    pub(crate) fn signed_in_recently(&self, now: i64) -> bool {
        match &self.auth_method {
            AuthMethod::Session(verified) => (0..RECENT).contains(&(now - verified.began_at)),
            AuthMethod::Nothing | AuthMethod::Token(_) => false,
        }
    }

    /// Checks that the caller is an administrator, with all rights.
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

    /// Says whether the caller may know that a suite exists.
    pub(crate) fn sees(&self, suite: &Suite) -> bool {
        self.reads(suite)
            || self.belongs_to(suite)
                && self.granted(|scope| match scope {
                    Scope::Upload(pattern, _) | Scope::Delete(pattern, _) => pattern.fits(&suite.codename),
                    _ => false,
                })
    }

    /// Says whether the caller may know that a package of this name is in a suite, in order to delete it.
    pub(crate) fn takes_out(&self, suite: &Suite, package: &PackageName) -> bool {
        self.reads(suite)
            || self.belongs_to(suite)
                && self.granted(|scope| matches!(scope, Scope::Delete(pattern, glob) if pattern.fits(&suite.codename) && glob.fits(package)))
    }

    fn belongs_to(&self, suite: &Suite) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| account_rights::belongs_to(account, suite))
    }

    fn maintains(&self, suite: &Suite) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| account_rights::maintains(account, suite))
    }

    fn granted(&self, fits: impl Fn(&Scope) -> bool) -> bool {
        match &self.grants {
            Grants::All => true,
            Grants::Scopes(scopes) => scopes.iter().any(fits),
        }
    }

    /// Checks the right to upload a package (`None`: any package at all) to a suite, or to edit it there.
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

    /// Says whether the caller may upload any package to a suite, whatever its name.
    pub(crate) fn uploads_all(&self, suite: &Suite) -> bool {
        let fits = |scope: &Scope| matches!(scope, Scope::Upload(pattern, glob) if pattern.fits(&suite.codename) && glob.fits_all());
        self.maintains(suite) && self.granted(fits)
    }

    /// Checks the right to delete a package, uploaded by `author`, from a suite.
    pub(crate) fn deletes(
        &self,
        suite: &Suite,
        package: &PackageName,
        author: Option<&str>,
    ) -> Result<(), Problem> {
        let account = self.account()?;
        self.maintained(suite)?;
        // A scope narrows the rights of its owner and adds none.
        if account.role != Role::Admin && author != Some(account.username.as_str()) {
            return Err(Problem::new(
                Code::Forbidden,
                "only an administrator or its uploader may delete the package",
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
    pub(crate) fn check_scope(&self, config: &Config, scope: &Scope, written: &str) -> Result<(), Problem> {
        if account_rights::include(config, self.account()?, scope) {
            return Ok(());
        }
        Err(Problem::new(
            Code::ScopeAboveRights,
            // As the caller wrote it: an alias must not reveal the codename of a suite.
            format!(
                "the account has no right to `{}`, so its tokens cannot have it either",
                written.escape_debug()
            ),
        ))
    }

    /// Returns the suites that the caller may read.
    pub(crate) fn readable<'a>(&self, config: &'a Config) -> Vec<&'a Suite> {
        config.suites.iter().filter(|suite| self.reads(suite)).collect()
    }

    /// Returns the suite of a codename or alias, when the caller may know of it.
    pub(crate) fn suite<'a>(&self, config: &'a Config, name: &str) -> Result<&'a Suite, Problem> {
        let suite = config.suite(name);
        suite
            .filter(|suite| self.sees(suite))
            .ok_or_else(|| Problem::no_such_suite(name))
    }

    /// Returns the suite of a codename or alias, when the caller may read it.
    pub(crate) fn readable_suite<'a>(&self, config: &'a Config, name: &str) -> Result<&'a Suite, Problem> {
        let suite = self.suite(config, name)?;
        self.reads(suite)
            .then_some(suite)
            .ok_or_else(|| Problem::no_such_suite(name))
    }
}

fn scope_too_small(wanted: &str) -> Problem {
    Problem::new(Code::ScopeTooSmall, format!("the request requires {wanted}"))
}
