//! What an operator should know of the keys before clients complain.

use std::fmt;

use debian_control::counted::counted;
use openpgp_policy::{Algorithm, Certificate, Fingerprint, KeyProblem, Keyring, Strength};

/// A key that wants an operator's attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNotice {
    /// The certificate.
    pub fingerprint: Fingerprint,
    /// What is the matter.
    pub kind: KeyNoticeKind,
}

/// What is the matter with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyNoticeKind {
    /// Its signatures no longer count.
    Unusable(KeyProblem),
    /// It stops signing in so many whole days.
    EndsIn {
        /// Days left, rounded down.
        days: i64,
    },
    /// It signs with an algorithm whose end apt has announced: RSA below 3072 bits, refused from 2030 on.
    Ending(Algorithm),
}

impl KeyNoticeKind {
    /// Returns what an operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unusable(KeyProblem::NotYetValid { .. }) => "correct the clock of this machine",
            Self::Unusable(_) => {
                "`repogen key rotate` introduces a new key; machines that know only this one need its new keyring"
            }
            Self::EndsIn { .. } | Self::Ending(_) => {
                "`repogen key rotate` introduces a new key without breaking clients"
            }
        }
    }
}

impl fmt::Display for KeyNoticeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsIn { days } => write!(formatter, "ends in {}", counted(*days, "day")),
            Self::Unusable(problem) => write!(formatter, "no longer signs: {problem}"),
            Self::Ending(algorithm) => write!(
                formatter,
                "is `{algorithm}`, which apt warns about from 2029 and refuses from 2030"
            ),
        }
    }
}

/// Returns the keys of `keyring` that no longer sign, or will not in `days` days, or that apt is about to refuse.
///
/// A client keeps the certificate it once fetched: a key has to be prolonged or replaced long before its end.
pub fn key_notices(keyring: &Keyring, now: i64, days: i64) -> Vec<KeyNotice> {
    let notices = |certificate: &Certificate| -> Vec<KeyNotice> {
        let fingerprint = certificate.fingerprint();
        kinds(certificate, now, days)
            .into_iter()
            .map(|kind| KeyNotice { fingerprint, kind })
            .collect()
    };
    keyring.certificates().iter().flat_map(notices).collect()
}

fn kinds(certificate: &Certificate, now: i64, days: i64) -> Vec<KeyNoticeKind> {
    let (end, keys) = match (certificate.signs_until(now), certificate.signing_keys(now)) {
        (Ok(end), Ok(keys)) => (end, keys),
        (Err(problem), _) | (_, Err(problem)) => return vec![KeyNoticeKind::Unusable(problem)],
    };
    let left = end.map(|end| days_until(end, now)).filter(|left| *left < days);
    // The primary key counts too: a weak one takes its subkeys along.
    let algorithms = std::iter::once(certificate.algorithm()).chain(keys.iter().map(|key| key.algorithm));
    let ending = algorithms
        .into_iter()
        .find(|algorithm| algorithm.strength() == Strength::Ending);
    let ends = left.map(|days| KeyNoticeKind::EndsIn { days });
    ends.into_iter()
        .chain(ending.map(KeyNoticeKind::Ending))
        .collect()
}

/// Returns the whole days from `now` to `end`, both in unix seconds; negative after the end.
pub fn days_until(end: i64, now: i64) -> i64 {
    end.saturating_sub(now).div_euclid(24 * 60 * 60)
}
