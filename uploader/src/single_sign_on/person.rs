//! Who signed in: what the provider says of them, and what their groups give them.

use archive_catalog::accounts::{Email, Role, Suites, Username};
use archive_catalog::external_identities::ExternalIdentity;
use debian_archive::config::Config;
use serde_json::{Map, Value};

use super::settings::{EVERYBODY, Provider, SignInSettings};

/// How many groups somebody may be in.
const MAX_GROUPS: usize = 10_000;

/// Somebody whose sign-in was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) identity: ExternalIdentity,
    /// What an account of theirs would be called, as far as that can be a user name.
    pub(crate) username: Option<Username>,
    /// An address that the provider says is theirs. It says where they are reached, and nothing about who they are.
    pub(crate) email: Option<Email>,
    groups: Vec<String>,
}

impl Person {
    /// Reads what a provider says of somebody; an error says what is wrong.
    pub(super) fn read(
        provider: &Provider,
        subject: String,
        claims: &Map<String, Value>,
    ) -> Result<Self, String> {
        let username = claims.get(&provider.username_claim).and_then(Value::as_str);
        Ok(Self {
            identity: ExternalIdentity {
                issuer: provider.issuer.clone(),
                subject,
            },
            username: username.and_then(username_of),
            email: verified_email(claims),
            groups: groups(provider, claims)?,
        })
    }

    /// Says whether their address is one of those that may sign in.
    pub(super) fn has_domain(&self, domains: &[String]) -> bool {
        let email = self
            .email
            .as_ref()
            .and_then(|email| email.as_str().split_once('@'));
        domains.is_empty()
            || email.is_some_and(|(_, host)| domains.iter().any(|domain| domain.eq_ignore_ascii_case(host)))
    }

    /// Returns the role and the suites of their groups: the highest role, in the suites of all groups that have it. `None`: they are in
    /// no group that the settings name.
    pub(crate) fn rights(
        &self,
        settings: &SignInSettings,
        config: &Config,
    ) -> Result<Option<(Role, Suites)>, String> {
        let is_in = |name: &String| name == EVERYBODY || self.groups.contains(name);
        let own = || settings.groups.iter().filter(|group| is_in(&group.name));
        let Some(role) = own().map(|group| group.role).max_by_key(|role| rank(*role)) else {
            return Ok(None);
        };
        let mut suites = Vec::new();
        for group in own().filter(|group| group.role == role) {
            match (role, &group.suites) {
                (Role::Admin, _) | (Role::Maintainer, None) => return Ok(Some((role, Suites::All))),
                (Role::User, None) => {}
                (_, Some(names)) => {
                    for name in names {
                        suites.push(group.suite(name, config)?.codename.clone());
                    }
                }
            }
        }
        suites.sort();
        suites.dedup();
        Ok(Some((role, Suites::Only(suites))))
    }
}

fn rank(role: Role) -> u8 {
    match role {
        Role::User => 0,
        Role::Maintainer => 1,
        Role::Admin => 2,
    }
}

/// Returns the address that a provider has verified. Some write the truth value as a text.
fn verified_email(claims: &Map<String, Value>) -> Option<Email> {
    let is_verified = match claims.get("email_verified")? {
        Value::Bool(verified) => *verified,
        Value::String(text) => text == "true",
        _ => false,
    };
    let text = claims.get("email")?.as_str().filter(|_| is_verified)?;
    text.parse().ok()
}

/// Returns the groups that a provider names: a list of texts, or one text. Somebody without groups may have no such claim.
fn groups(provider: &Provider, claims: &Map<String, Value>) -> Result<Vec<String>, String> {
    let claim = &provider.groups_claim;
    let wrong = || {
        Err(format!(
            "expected the claim `{claim}` to be a list of group names"
        ))
    };
    // Source: OpenID Connect Core 1.0, section 5.6.2. Microsoft Entra leaves a long list out so.
    let is_elsewhere = claims
        .get("_claim_names")
        .is_some_and(|names| names.get(claim).is_some());
    match claims.get(claim) {
        None | Some(Value::Null) if is_elsewhere => Err(format!(
            "the provider left the claim `{claim}` out because the list is too long: have it send the groups of this application only"
        )),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(all)) if all.len() <= MAX_GROUPS => {
            let names: Option<Vec<String>> =
                all.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            names.map_or_else(wrong, Ok)
        }
        Some(_) => wrong(),
    }
}

/// Makes a user name of what a provider calls somebody: of an address, the part before the `@`.
fn username_of(text: &str) -> Option<Username> {
    let local = text.split_once('@').map_or(text, |(local, _)| local);
    let name: String = local
        .chars()
        .map(|letter| {
            let is_kept = letter.is_ascii_alphanumeric() || "._-".contains(letter);
            if is_kept { letter } else { '-' }
        })
        .take(64)
        .collect();
    name.trim_start_matches(['.', '_', '-']).parse().ok()
}

#[cfg(test)]
mod tests;
