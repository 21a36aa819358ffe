//! What a CI job's token says, once it is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::refused;
use super::issuer::Issuer;
use crate::id_tokens::{LEEWAY, key_and_algorithm};
use crate::problem::Problem;

/// How long a token may be good for: it is remembered for so long, too.
const MAX_LIFE: i64 = 24 * 3600;

/// The claims that are asked for by name, and all others.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct JobClaims {
    pub(super) exp: i64,
    iat: i64,
    /// Typed, so that one of another type is refused instead of passed over.
    #[serde(rename = "nbf")]
    _nbf: Option<i64>,
    pub(super) jti: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Returns the issuer that a token names, which proves nothing yet.
pub(super) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct UnverifiedClaims {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<UnverifiedClaims>(&bytes).ok()?.iss)
}

/// Returns the name of the key and the algorithm, which is one of two.
pub(super) fn header(token: &str) -> Result<(String, Algorithm), Problem> {
    let unusable = || refused("expected a token whose header has a `kid` and the `alg` RS256 or ES256");
    key_and_algorithm(token).ok_or_else(unusable)
}

/// Checks a token against its issuer's key, the audience and the clock.
pub(super) fn verify(
    issuer: &Issuer,
    token: &str,
    (key, algorithm): (&DecodingKey, Algorithm),
    now: i64,
) -> Result<JobClaims, Problem> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&issuer.url]);
    validation.set_audience(&[&issuer.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY.unsigned_abs();
    let claims = decode::<JobClaims>(token, key, &validation)
        .map_err(|error| refused(words(issuer, error.kind())))?
        .claims;
    if claims.iat > now + LEEWAY {
        return Err(refused("the `iat` of the token is in the future"));
    }
    if claims.exp > now + MAX_LIFE {
        return Err(refused("the token is valid for longer than a day"));
    }
    if claims
        .jti
        .as_ref()
        .is_some_and(|id| id.is_empty() || id.len() > 256)
    {
        return Err(refused("expected a `jti` of 1 to 256 bytes"));
    }
    Ok(claims)
}

fn words(issuer: &Issuer, kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "the signature of the token is not from its issuer".into(),
        ErrorKind::InvalidAudience => format!("the `aud` of the token is not `{}`", issuer.audience),
        ErrorKind::ExpiredSignature => "the token has expired".into(),
        ErrorKind::ImmatureSignature => "the `nbf` of the token is in the future".into(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token has no `{claim}` claim"),
        _ => "the token is not a JWT with the required claims".into(),
    }
}

impl JobClaims {
    /// Returns a claim that has to be there.
    pub(super) fn text(&self, claim: &str) -> Result<String, Problem> {
        let found = self.optional(claim)?;
        found.ok_or_else(|| refused(format!("the token has no `{claim}` claim")))
    }

    /// Returns a claim that is a text, or a number as one writes it.
    pub(super) fn optional(&self, claim: &str) -> Result<Option<String>, Problem> {
        match self.other.get(claim) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(refused(format!("the `{claim}` of the token is not a string"))),
        }
    }
}
