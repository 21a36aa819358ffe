//! Access tokens: what a sign-in gives, for a short time.
//!
//! One algorithm, every claim required. What its owner may do is not in it: that is asked of the catalog each time.

use archive_catalog::accounts::{Account, Id, Session};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::jwt;
use crate::secrets;

const ALGORITHM: Algorithm = Algorithm::HS256;
const ISSUER: &str = "uploader";
/// Tells an access token from whatever else the secret may sign (RFC 9068).
const TYPE: &str = "at+jwt";
/// How far the clocks of two servers on one archive may be apart, in seconds.
const MAX_AHEAD: i64 = 60;
/// How long a session of the console lasts, in seconds: a working day.
const CONSOLE_TTL: i64 = 12 * 3600;
const REQUIRED: [&str; 5] = ["iss", "aud", "sub", "jti", "exp"];

/// Where a session is of use: what proves it in one place proves nothing in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionUse {
    /// The API, in an `Authorization` header.
    Api,
    /// Pages of the console, in a cookie.
    Console,
}

impl SessionUse {
    fn audience(self) -> &'static str {
        match self {
            Self::Api => "archive-api",
            Self::Console => "archive-console",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SessionClaims {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    /// The epoch of the account in which it was given.
    epoch: i64,
}

/// A session that a token proves, if its account still agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VerifiedSession {
    pub(crate) session: Session,
    /// When its password was given, in Unix seconds.
    pub(crate) began_at: i64,
    pub(crate) expires_at: i64,
}

/// A session that begins.
pub(crate) struct GivenSession {
    /// What proves it.
    pub(crate) token: String,
    pub(crate) session: Session,
    pub(crate) expires_at: i64,
}

/// What the secret marks besides access tokens. A mark of one kind is none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// What forms send along.
    Csrf,
    /// A sign-in at a provider that has begun, in a cookie.
    SignIn,
    /// Its `state`, its `nonce`, and what its `code_challenge` is made of.
    SignInState,
    SignInNonce,
    SignInVerifier,
    /// That somebody proved again who they are, in a cookie.
    Confirmed,
}

impl Mark {
    /// Returns what is signed. No token begins so: the text of one has no colon.
    fn message(self, text: &str) -> String {
        let kind = match self {
            Self::Csrf => "csrf",
            Self::SignIn => "sign-in",
            Self::SignInState => "sign-in-state",
            Self::SignInNonce => "sign-in-nonce",
            Self::SignInVerifier => "sign-in-verifier",
            Self::Confirmed => "confirmed",
        };
        format!("{kind}:{text}")
    }
}

/// Gives and reads access tokens.
pub(crate) struct Sessions {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    ttl: i64,
}

impl Sessions {
    pub(crate) fn new(secret: &str, ttl: i64) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&REQUIRED);
        // It was given by this server, whose clock has nothing to forgive.
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            ttl,
        }
    }

    /// Returns how long a token lives, in seconds.
    pub(crate) fn ttl(&self, session_use: SessionUse) -> i64 {
        match session_use {
            SessionUse::Api => self.ttl,
            SessionUse::Console => CONSOLE_TTL,
        }
    }

    /// Returns a new session of an account, with a key that nothing had before.
    pub(crate) fn give(
        &self,
        account: &Account,
        now: i64,
        session_use: SessionUse,
    ) -> Result<GivenSession, jsonwebtoken::errors::Error> {
        let session = Session {
            id: secrets::new_id(),
            account: account.id.clone(),
            epoch: account.epoch,
        };
        let claims = SessionClaims {
            iss: ISSUER.into(),
            aud: session_use.audience().into(),
            sub: session.account.to_string(),
            jti: session.id.to_string(),
            iat: now,
            nbf: None,
            exp: now + self.ttl(session_use),
            epoch: session.epoch,
        };
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYPE.into());
        Ok(GivenSession {
            token: encode(&header, &claims, &self.encoding)?,
            session,
            expires_at: claims.exp,
        })
    }

    /// Returns what a form of a page has to send along in a session: another page can neither read nor make it.
    pub(crate) fn csrf(&self, session: &Id) -> Result<String, jsonwebtoken::errors::Error> {
        self.mark(Mark::Csrf, session.as_str())
    }

    /// Says whether a text is what [`Sessions::csrf`] returns for a session, in a time that tells nothing of it.
    pub(crate) fn fits_csrf(&self, session: &Id, token: &str) -> bool {
        self.fits_mark(Mark::Csrf, session.as_str(), token)
    }

    /// Returns what only servers with this secret can make of a text: 43 letters of base64url, another for each kind.
    pub(crate) fn mark(&self, kind: Mark, text: &str) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::crypto::sign(kind.message(text).as_bytes(), &self.encoding, ALGORITHM)
    }

    /// Says whether `mark` is what [`Sessions::mark`] returns for a text, in a time that tells nothing of it.
    pub(crate) fn fits_mark(&self, kind: Mark, text: &str, mark: &str) -> bool {
        let message = kind.message(text);
        jsonwebtoken::crypto::verify(mark, message.as_bytes(), &self.decoding, ALGORITHM).unwrap_or(false)
    }

    /// Returns the session that a token proves; `None` when it proves nothing.
    pub(crate) fn read(&self, token: &str, session_use: SessionUse) -> Option<VerifiedSession> {
        if jwt::unclear(token).is_some() {
            return None;
        }
        let mut validation = self.validation.clone();
        validation.set_audience(&[session_use.audience()]);
        let read = decode::<SessionClaims>(token, &self.decoding, &validation).ok()?;
        if read.header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let issued = read.claims.iat;
        let begins = read.claims.nbf.map_or(issued, |begins| begins.max(issued));
        if begins > now() + MAX_AHEAD {
            return None;
        }
        Some(VerifiedSession {
            session: Session {
                id: read.claims.jti.parse().ok()?,
                account: read.claims.sub.parse().ok()?,
                epoch: read.claims.epoch,
            },
            began_at: issued,
            expires_at: read.claims.exp,
        })
    }
}

#[cfg(test)]
mod tests {
    use archive_catalog::accounts::{Role, Suites};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn claims() -> Value {
        json!({"iss": ISSUER, "aud": SessionUse::Api.audience(), "sub": "jane", "jti": "one", "iat": now(), "exp": now() + 60, "epoch": 0})
    }

    fn signed(header: &Header, claims: &Value, secret: &str) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn header(algorithm: Algorithm) -> Header {
        let mut header = Header::new(algorithm);
        header.typ = Some(TYPE.into());
        header
    }

    fn reads(token: &str) -> bool {
        Sessions::new(SECRET, 60).read(token, SessionUse::Api).is_some()
    }

    #[test]
    fn what_is_given_reads_back() {
        let account = Account {
            id: "jane".parse().unwrap(),
            username: "jane".parse().unwrap(),
            email: None,
            role: Role::User,
            suites: Suites::All,
            disabled: false,
            epoch: 3,
            created_at: 0,
        };
        let sessions = Sessions::new(SECRET, 60);
        for (given_for, other) in [
            (SessionUse::Api, SessionUse::Console),
            (SessionUse::Console, SessionUse::Api),
        ] {
            let token = sessions.give(&account, now(), given_for).unwrap().token;
            let verified = sessions.read(&token, given_for).unwrap();
            assert_eq!(verified.session.account, account.id);
            assert_eq!(verified.session.epoch, 3);
            assert_eq!(verified.expires_at - verified.began_at, sessions.ttl(given_for));
            assert_eq!(sessions.read(&token, other), None, "{other:?}");
        }
    }

    #[test]
    fn what_forms_send_along_is_of_one_session_and_no_token() {
        let sessions = Sessions::new(SECRET, 60);
        let id = |text: &str| text.parse::<Id>().unwrap();
        let token = sessions.csrf(&id("one")).unwrap();
        assert!(sessions.fits_csrf(&id("one"), &token));
        assert!(!sessions.fits_csrf(&id("two"), &token));
        assert!(!Sessions::new("another secret of thirty-two bytes", 60).fits_csrf(&id("one"), &token));
        for other in ["", "x", "!", &token[1..]] {
            assert!(!sessions.fits_csrf(&id("one"), other), "{other}");
        }
        assert!(!reads(&token));
    }

    #[test]
    fn the_control_reads() {
        assert!(reads(&signed(&header(ALGORITHM), &claims(), SECRET)));
    }

    #[test]
    fn every_claim_is_required_and_typed() {
        for claim in ["iss", "aud", "sub", "jti", "iat", "exp", "epoch"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(claim);
            assert!(
                !reads(&signed(&header(ALGORITHM), &without, SECRET)),
                "without {claim}"
            );
            let mut mistyped = claims();
            mistyped[claim] = json!(["x"]);
            assert!(
                !reads(&signed(&header(ALGORITHM), &mistyped, SECRET)),
                "mistyped {claim}"
            );
        }
    }

    #[test]
    fn other_algorithms_keys_types_and_times_are_refused() {
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert!(
                !reads(&signed(&header(algorithm), &claims(), SECRET)),
                "{algorithm:?}"
            );
        }
        assert!(!reads(&signed(
            &header(ALGORITHM),
            &claims(),
            "another secret of thirty-two bytes"
        )));
        assert!(!reads(&signed(&Header::new(ALGORITHM), &claims(), SECRET)), "typ");
        for (claim, value) in [
            ("iss", json!("x")),
            ("aud", json!("x")),
            ("exp", json!(now() - 1)),
            ("iat", json!(now() + 3600)),
            ("nbf", json!(now() + 3600)),
            ("nbf", json!("soon")),
        ] {
            let mut other = claims();
            other[claim] = value;
            assert!(!reads(&signed(&header(ALGORITHM), &other, SECRET)), "{claim}");
        }
        // {"alg":"none","typ":"at+jwt"} and no signature.
        let whole = signed(&header(ALGORITHM), &claims(), SECRET);
        let payload = whole.split('.').nth(1).unwrap();
        assert!(!reads(&format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."
        )));
    }
}
