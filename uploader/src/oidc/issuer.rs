//! The servers whose CI jobs are known: where they are, and in whose words their tokens speak.

use std::net::IpAddr;

use reqwest::Url;
use serde::Deserialize;

use super::error::shown;

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
        if self.audience.is_empty() {
            return Err(format!("issuer `{}` has an empty `audience`", self.name));
        }
        Ok(())
    }
}

/// Checks the address of an issuer: https, or http on this machine.
fn check_url(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("the issuer url `{}` {why}", shown(text)));
    let Ok(url) = Url::parse(text) else {
        return wrong("is not a URL");
    };
    let is_local = url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return wrong("should begin with https://");
    }
    if text.ends_with('/') || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty()
    {
        return wrong("should be a host and a path, without a trailing slash");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "http://127.0.0.1:1",
            "http://localhost:1/x",
            "http://[::1]:1",
            "https://x.example",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "x",
            "https://x.example?y",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
