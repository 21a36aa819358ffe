//! The ID token of a sign-in. Source: OpenID Connect Core 1.0, sections 2 and 3.1.3.7.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pending::PendingSignIn;
use super::settings::Provider;
use crate::id_tokens::LEEWAY;
use crate::session::Sessions;

/// The longest subject, in bytes.
const MAX_SUBJECT: usize = 255;
/// How long a token may be good for, in seconds.
const MAX_LIFE: i64 = 24 * 3600;

/// What a verified token says.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct IdToken {
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    /// Some providers give fractions of a second. Source: RFC 7519, section 2, NumericDate.
    exp: f64,
    iat: f64,
    /// Typed, so that one of another type is refused instead of passed over.
    #[serde(rename = "nbf")]
    _nbf: Option<f64>,
    nonce: String,
    auth_time: Option<f64>,
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Verifies a token that the provider's own endpoint gave for a sign-in; an error says what is wrong.
pub(super) fn verify(
    (provider, pending): (&Provider, &PendingSignIn),
    sessions: &Sessions,
    token: &str,
    (key, algorithm): (&DecodingKey, Algorithm),
    now: i64,
) -> Result<IdToken, String> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&provider.issuer]);
    validation.set_audience(&[&provider.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY.unsigned_abs();
    let decoded = decode::<IdToken>(token, key, &validation).map_err(|error| words(error.kind()))?;
    let found = decoded.claims;
    check(&found, provider, pending, now)?;
    if !pending.fits_nonce(sessions, &found.nonce) {
        return Err("the `nonce` of the ID token is of another sign-in".into());
    }
    Ok(found)
}

/// Checks what the library does not.
fn check(found: &IdToken, provider: &Provider, pending: &PendingSignIn, now: i64) -> Result<(), String> {
    let is_for_others = match &found.aud {
        Audience::One(one) => *one != provider.client_id,
        Audience::Several(all) => all.iter().any(|one| *one != provider.client_id),
    };
    match &found.azp {
        Some(party) if *party != provider.client_id => {
            return Err("the `azp` of the ID token is another client".into());
        }
        None if is_for_others => return Err("the ID token is for other clients too, and has no `azp`".into()),
        _ => {}
    }
    if found.sub.is_empty() || found.sub.len() > MAX_SUBJECT || !found.sub.bytes().all(|byte| byte.is_ascii())
    {
        return Err(format!("expected a `sub` of 1 to {MAX_SUBJECT} bytes of ASCII"));
    }
    if found.iat > seconds(now + LEEWAY) || found.iat < seconds(pending.begun_at - LEEWAY) {
        return Err("the `iat` of the ID token is not within the sign-in".into());
    }
    if found.exp > seconds(now + MAX_LIFE) {
        return Err("the ID token is valid for longer than a day".into());
    }
    Ok(())
}

impl IdToken {
    /// Says whether its bearer proved who they are since a moment, as far as the provider says when they did.
    pub(super) fn is_proven_since(&self, begun_at: i64) -> bool {
        self.auth_time.is_none_or(|at| at >= seconds(begun_at - LEEWAY))
    }
}

/// Returns a time as a JSON number has it: exact, since a time has fewer than 53 bits.
fn seconds(time: i64) -> f64 {
    time as f64
}

fn words(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "the signature of the ID token is not from the provider".into(),
        ErrorKind::InvalidIssuer => "the `iss` of the ID token is another provider".into(),
        ErrorKind::InvalidAudience => "the `aud` of the ID token is not this client".into(),
        ErrorKind::ExpiredSignature => "the ID token has expired".into(),
        ErrorKind::ImmatureSignature => "the `nbf` of the ID token is in the future".into(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the ID token has no `{claim}` claim"),
        _ => "the ID token is not a JWT with the required claims".into(),
    }
}
