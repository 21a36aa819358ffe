//! What an account may do, by its role and its suites.

use archive_catalog::accounts::{Account, Role, Suites};
use debian_archive::config::{Config, Suite};

use crate::scope::{Scope, SuitePattern};

/// Says whether a scope is within the rights of an account. Suites in it are codenames.
pub(crate) fn include(config: &Config, account: &Account, scope: &Scope) -> bool {
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
pub(crate) fn belongs_to(account: &Account, suite: &Suite) -> bool {
    account.role == Role::Admin || account.suites.include(&suite.codename)
}

/// Says whether the account maintains the suite.
pub(crate) fn maintains(account: &Account, suite: &Suite) -> bool {
    match account.role {
        Role::Admin => true,
        Role::Maintainer => belongs_to(account, suite),
        Role::User => false,
    }
}
