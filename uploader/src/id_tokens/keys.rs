//! The keys of an issuer, kept for a time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use debian_archive::error_text::with_causes;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::address::shown;
use super::discovery::{Discovery, Reach};
use super::fetch::{IssuerFetchError, IssuerFetcher};
use crate::problem::{Code, Problem};

/// How long keys are taken without being asked for again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long they are taken where asking again fails.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// An unknown key has them fetched at most this often.
const UNKNOWN_EVERY: Duration = Duration::from_secs(60);
/// After a failure the issuer is left alone for so long.
const PAUSE: Duration = Duration::from_secs(5);
/// The shortest modulus of an RSA key, in bytes: 2048 bits.
const MIN_MODULUS: usize = 256;

/// Why there is no key.
#[derive(Debug)]
pub(crate) enum KeyError {
    /// The issuer has none like it; says which.
    Unknown(String),
    /// The issuer does not answer.
    Unavailable(Problem),
}

/// The keys of one issuer.
pub(crate) struct Keys {
    issuer: String,
    reach: Reach,
    state: Mutex<KeyCache>,
    /// Held by whoever fetches them.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct KeyCache {
    keys: Vec<Key>,
    fetched: Option<Instant>,
    failed: Option<Instant>,
    /// When they were last fetched for the sake of a key that was not among them.
    asked_for_unknown: Option<Instant>,
}

struct Key {
    id: String,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Keys {
    pub(crate) fn new(issuer: &str, reach: Reach) -> Self {
        Self {
            issuer: issuer.to_owned(),
            reach,
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the key of this name for this algorithm.
    pub(crate) async fn get(
        &self,
        fetcher: &IssuerFetcher,
        id: &str,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, KeyError> {
        let kept = |age| {
            let state = self.state();
            let key = state.find(id, algorithm).cloned();
            key.filter(|_| !state.is_older(Instant::now(), age))
        };
        if let Some(key) = kept(FRESH) {
            return Ok(key);
        }
        // Who comes while they are fetched wants the same keys; whoever's key is known waits for nobody's unknown one.
        let _turn = match self.fetching.try_lock() {
            Ok(turn) => turn,
            Err(_) => match kept(USABLE) {
                Some(key) => return Ok(key),
                None => self.fetching.lock().await,
            },
        };
        let (are_old, is_unknown) = {
            let state = self.state();
            let now = Instant::now();
            let is_unknown = state.find(id, algorithm).is_none() && state.may_ask_for_unknown(now);
            (state.is_older(now, FRESH), is_unknown)
        };
        let are_all = !(are_old || is_unknown) || self.fetch(fetcher).await;
        let mut state = self.state();
        if is_unknown && are_all && !are_old {
            state.asked_for_unknown = Some(Instant::now());
        }
        match state.find(id, algorithm).cloned() {
            _ if state.is_older(Instant::now(), USABLE) => {
                Err(KeyError::Unavailable(unavailable(&self.issuer)))
            }
            Some(key) => Ok(key),
            None if are_all => {
                let (issuer, id) = (&self.issuer, shown(id));
                Err(KeyError::Unknown(format!(
                    "`{issuer}` has no key `{id}` for {algorithm:?}"
                )))
            }
            // It may be one that was put there since.
            None => Err(KeyError::Unavailable(unavailable(&self.issuer))),
        }
    }

    /// Fetches the keys. Returns whether those that are there now are all that the issuer has.
    async fn fetch(&self, fetcher: &IssuerFetcher) -> bool {
        if self.state().failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return false;
        }
        let fetched = fetch(fetcher, &self.issuer, self.reach).await;
        // Only now: an issuer that is slow to fail would be asked by one after the other of those who wait here.
        let now = Instant::now();
        let mut state = self.state();
        match fetched {
            Ok(keys) => {
                state.keys = keys;
                state.fetched = Some(now);
                state.failed = None;
                true
            }
            Err(error) => {
                state.failed = Some(now);
                tracing::warn!(error = %with_causes(&error), issuer = self.issuer, "cannot download the keys of an issuer");
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, KeyCache> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(issuer: &str) -> Problem {
    let mut problem = Problem::new(
        Code::IssuerUnavailable,
        format!("the keys of `{issuer}` cannot be downloaded: see the server's log"),
    );
    problem.retry_after = Some(PAUSE.as_secs());
    problem
}

impl KeyCache {
    fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.id == id && key.algorithm == algorithm)
            .map(|key| &key.key)
    }

    fn is_older(&self, now: Instant, age: Duration) -> bool {
        self.fetched
            .is_none_or(|fetched| now.duration_since(fetched) >= age)
    }

    fn may_ask_for_unknown(&self, now: Instant) -> bool {
        self.asked_for_unknown
            .is_none_or(|asked| now.duration_since(asked) >= UNKNOWN_EVERY)
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// A public key as it is published. Source: RFC 7517, RFC 7518 section 6.
#[derive(Deserialize)]
struct PublishedKey {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

async fn fetch(fetcher: &IssuerFetcher, issuer: &str, reach: Reach) -> Result<Vec<Key>, IssuerFetchError> {
    let keys = Discovery::fetch(fetcher, issuer).await?.keys(reach)?;
    let set: KeySet = fetcher.json(&keys).await?;
    // Keys of other kinds may stand among them.
    Ok(set.keys.into_iter().filter_map(usable).collect())
}

/// Returns a key that may verify a token; `None` for all other keys.
fn usable(published: serde_json::Value) -> Option<Key> {
    let published: PublishedKey = serde_json::from_value(published).ok()?;
    let (algorithm, name) = match (published.kty.as_str(), published.crv.as_deref()) {
        ("RSA", None) => (Algorithm::RS256, "RS256"),
        ("EC", Some("P-256")) => (Algorithm::ES256, "ES256"),
        _ => return None,
    };
    let other_use = published.usage.as_deref().is_some_and(|usage| usage != "sig");
    if other_use || published.alg.as_deref().is_some_and(|alg| alg != name) {
        return None;
    }
    let key = match algorithm {
        Algorithm::RS256 => {
            let modulus = published.n?;
            // Four letters hold three bytes.
            if modulus.len() < MIN_MODULUS * 4 / 3 {
                return None;
            }
            DecodingKey::from_rsa_components(&modulus, &published.e?)
        }
        _ => DecodingKey::from_ec_components(&published.x?, &published.y?),
    };
    Some(Key {
        id: published.kid,
        algorithm,
        key: key.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// So many letters of base64; the last stands for no half of a byte.
    fn letters(count: usize) -> String {
        "x".repeat(count - 1) + "A"
    }

    #[test]
    fn only_strong_signing_keys_of_two_kinds_are_used() {
        let rsa = json!({"kty": "RSA", "kid": "a", "n": letters(342), "e": "AQAB"});
        let ec = json!({"kty": "EC", "kid": "b", "crv": "P-256", "x": letters(43), "y": letters(43)});
        let changed = |key: &serde_json::Value, field: &str, value: &str| {
            let mut key = key.clone();
            key[field] = json!(value);
            usable(key).is_some()
        };
        assert!(changed(&rsa, "alg", "RS256") && changed(&rsa, "use", "sig") && changed(&ec, "alg", "ES256"));
        for (key, field, value) in [
            (&rsa, "alg", "RS512"),
            (&rsa, "alg", "HS256"),
            (&rsa, "use", "enc"),
            (&rsa, "n", &"x".repeat(171)),
            (&rsa, "kty", "oct"),
            (&ec, "crv", "P-384"),
            (&ec, "alg", "RS256"),
        ] {
            assert!(!changed(key, field, value), "{field} {value}");
        }
    }

    #[test]
    fn an_unknown_key_has_them_fetched_once_a_minute() {
        let mut state = KeyCache::default();
        let now = Instant::now();
        assert!(state.may_ask_for_unknown(now));
        state.asked_for_unknown = Some(now);
        assert!(!state.may_ask_for_unknown(now + Duration::from_secs(59)));
        assert!(state.may_ask_for_unknown(now + Duration::from_secs(60)));
    }
}
