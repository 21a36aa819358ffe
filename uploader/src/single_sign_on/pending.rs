//! A sign-in that has begun, in a cookie of the browser that began it: any server with the same secret finishes it, and no other browser.
//!
//! The cookie is readable by its browser, but what protects the sign-in is not in it: `state`, `nonce` and the PKCE verifier are made of
//! its id by the server's secret.

use archive_catalog::accounts::Id;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::secrets;
use crate::session::{Mark, Sessions};

/// How long a sign-in may take, in seconds.
pub(crate) const LIFE: i64 = 600;
/// The longest address to go to afterwards, in bytes: a cookie has 4 KiB.
const MAX_NEXT: usize = 1024;

/// What somebody signs in for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To begin a session.
    Enter,
    /// To link who they are there to the account of this session.
    Link { account: String, session: String },
    /// To prove again who they are, in this session.
    Confirm { account: String, session: String },
}

impl Purpose {
    /// Returns the account and the session that it is for.
    pub(crate) fn session(&self) -> Option<(&str, &str)> {
        match self {
            Self::Enter => None,
            Self::Link { account, session } | Self::Confirm { account, session } => Some((account, session)),
        }
    }
}

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingSignIn {
    id: String,
    /// Where it began: the answer of another provider is refused.
    pub(crate) issuer: String,
    /// The page to show afterwards.
    pub(crate) next: String,
    pub(crate) purpose: Purpose,
    /// In Unix seconds.
    pub(crate) begun_at: i64,
}

impl PendingSignIn {
    /// Begins a sign-in.
    pub(crate) fn new(issuer: &str, next: &str, purpose: Purpose, now: i64) -> Self {
        let next = if next.len() > MAX_NEXT { "/console" } else { next };
        Self {
            id: secrets::random_id(),
            issuer: issuer.to_owned(),
            next: next.to_owned(),
            purpose,
            begun_at: now,
        }
    }

    /// Returns the value of the cookie.
    pub(crate) fn seal(&self, sessions: &Sessions) -> Result<String, Problem> {
        let text = serde_json::to_vec(self).expect("texts and numbers are JSON");
        let text = URL_SAFE_NO_PAD.encode(text);
        let mark = made(sessions.mark(Mark::SignIn, &text))?;
        Ok(format!("{text}.{mark}"))
    }

    /// Reads the value of a cookie; `None` when this server did not make it, or too long ago.
    pub(crate) fn open(sessions: &Sessions, sealed: &str, now: i64) -> Option<Self> {
        let (text, mark) = sealed.split_once('.')?;
        if !sessions.fits_mark(Mark::SignIn, text, mark) {
            return None;
        }
        let read: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (read.begun_at..read.begun_at + LIFE)
            .contains(&now)
            .then_some(read)
    }

    /// Returns what its answer is known by; no other one has it.
    pub(crate) fn answer_id(&self) -> String {
        format!("sign-in {}", self.id)
    }

    pub(super) fn state(&self, sessions: &Sessions) -> Result<String, Problem> {
        made(sessions.mark(Mark::SignInState, &self.id))
    }

    /// Says whether `state` is its own, in a time that tells nothing of it.
    pub(super) fn fits_state(&self, sessions: &Sessions, state: &str) -> bool {
        sessions.fits_mark(Mark::SignInState, &self.id, state)
    }

    pub(super) fn nonce(&self, sessions: &Sessions) -> Result<String, Problem> {
        made(sessions.mark(Mark::SignInNonce, &self.id))
    }

    /// Says whether `nonce` is its own.
    pub(super) fn fits_nonce(&self, sessions: &Sessions, nonce: &str) -> bool {
        sessions.fits_mark(Mark::SignInNonce, &self.id, nonce)
    }

    /// Returns the `code_verifier`. Source: RFC 7636, section 4.1.
    pub(super) fn verifier(&self, sessions: &Sessions) -> Result<String, Problem> {
        made(sessions.mark(Mark::SignInVerifier, &self.id))
    }

    /// Returns the `code_challenge` by the method S256.
    pub(super) fn challenge(&self, sessions: &Sessions) -> Result<String, Problem> {
        let digest = Sha256::digest(self.verifier(sessions)?.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(digest))
    }
}

fn made(mark: Result<String, jsonwebtoken::errors::Error>) -> Result<String, Problem> {
    mark.map_err(|error| Problem::internal(&error))
}

/// Says whose session it is that has proven again who it is of, until when.
pub(crate) fn confirmation(sessions: &Sessions, session: &Id, until: i64) -> Result<String, Problem> {
    let mark = made(sessions.mark(Mark::Confirmed, &format!("{session}:{until}")))?;
    Ok(format!("{until}.{mark}"))
}

/// Says whether a text is a confirmation of a session that still holds.
pub(crate) fn is_confirmed(sessions: &Sessions, session: &Id, text: &str, now: i64) -> bool {
    let read = || {
        let (until, mark) = text.split_once('.')?;
        let end: i64 = until.parse().ok()?;
        Some(now < end && sessions.fits_mark(Mark::Confirmed, &format!("{session}:{end}"), mark))
    };
    read().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn sessions(secret: &str) -> Sessions {
        Sessions::new(secret, 60)
    }

    #[test]
    fn only_a_server_with_the_secret_opens_what_was_sealed_and_not_for_long() {
        let (own, other) = (sessions("0123456789abcdef0123456789abcdef"), sessions("another"));
        let pending = PendingSignIn::new("https://id.example.org", "/console/keys", Purpose::Enter, NOW);
        let sealed = pending.seal(&own).unwrap();
        assert_eq!(
            PendingSignIn::open(&own, &sealed, NOW + 599),
            Some(pending.clone())
        );
        for (sessions, text, now) in [
            (&own, sealed.as_str(), NOW + LIFE),
            (&own, &sealed, NOW - 1),
            (&other, &sealed, NOW),
            (&own, &sealed[1..], NOW),
            (&own, "", NOW),
            (&own, sealed.split('.').next().unwrap(), NOW),
        ] {
            assert_eq!(PendingSignIn::open(sessions, text, now), None);
        }
        // What is sent to the provider is not in the cookie.
        let text = URL_SAFE_NO_PAD.decode(sealed.split('.').next().unwrap()).unwrap();
        let text = String::from_utf8(text).unwrap();
        for secret in [pending.state(&own), pending.nonce(&own), pending.verifier(&own)] {
            assert!(!text.contains(&secret.unwrap()));
        }
    }

    #[test]
    fn each_sign_in_has_a_state_a_nonce_and_a_verifier_of_its_own() {
        let own = sessions("0123456789abcdef0123456789abcdef");
        let begin = || PendingSignIn::new("https://id.example.org", "/console", Purpose::Enter, NOW);
        let (one, two) = (begin(), begin());
        let state = one.state(&own).unwrap();
        assert!(one.fits_state(&own, &state) && !two.fits_state(&own, &state));
        assert!(!one.fits_nonce(&own, &state), "one is not good for the other");
        let verifier = one.verifier(&own).unwrap();
        assert!((43..=128).contains(&verifier.len()), "{verifier}");
        assert_ne!(verifier, two.verifier(&own).unwrap());
    }

    #[test]
    fn a_confirmation_is_of_one_session_and_ends() {
        let own = sessions("0123456789abcdef0123456789abcdef");
        let id = |text: &str| text.parse::<Id>().unwrap();
        let text = confirmation(&own, &id("one"), NOW + 60).unwrap();
        assert!(is_confirmed(&own, &id("one"), &text, NOW + 59));
        assert!(!is_confirmed(&own, &id("one"), &text, NOW + 60));
        assert!(!is_confirmed(&own, &id("two"), &text, NOW));
        let longer = text.replacen(&(NOW + 60).to_string(), &(NOW + 6000).to_string(), 1);
        assert!(!is_confirmed(&own, &id("one"), &longer, NOW));
    }
}
