//! The servers whose CI jobs are known: where they are, and in whose words their tokens speak.

use serde::Deserialize;

use crate::id_tokens::{check_url, shown};

/// Whose words a token uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum IssuerKind {
    GitHub,
    GitLab,
    Forgejo,
}

/// A server that proves who its jobs are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issuer {
    /// What publishers call it.
    pub(super) name: String,
    /// Its `iss`, to the letter.
    pub(super) url: String,
    /// The `aud` that its tokens have to have: this archive.
    pub(super) audience: String,
    pub(super) kind: IssuerKind,
}

impl Issuer {
    /// Checks what cannot be said by types.
    pub(super) fn check(&self) -> Result<(), String> {
        check_url(&self.url)?;
        if self.url.ends_with('/') {
            return Err(format!(
                "the issuer url `{}` should be a host and a path, without a trailing slash",
                shown(&self.url)
            ));
        }
        if self.audience.is_empty() {
            return Err(format!("issuer `{}` has an empty `audience`", self.name));
        }
        Ok(())
    }
}
