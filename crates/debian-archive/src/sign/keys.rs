//! Signing keys: making, importing, describing and exporting them.
//!
//! Works on bytes; where they are stored, and with which permissions, is the caller's concern. What this module writes
//! is always unlocked: a service that signs by itself has nobody to ask for a passphrase.
//!
//! ```
//! use debian_archive::sign::keys;
//!
//! let new = keys::NewKey { user_id: "Example archive signing key", created: 1_700_000_000, expires: None };
//! let key = keys::generate(&new, keys::OsRng)?;
//! let (private_file, keyring) = (key.to_armored()?, key.to_keyring());
//! # assert!(private_file.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
//! # assert_eq!(keyring.fingerprints(), [key.fingerprint()]);
//! # Ok::<(), keys::KeyError>(())
//! ```

mod dummy;
mod generate;
mod secret;

pub use generate::{NewKey, generate};
pub use rand::rngs::OsRng;
pub use secret::SecretKey;

use openpgp_policy::{Algorithm, Fingerprint, KeyProblem, Keyring, KeyringError, SigningKey};

/// Why bytes are no signing key, or a key does not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A public key was given where a secret one is needed.
    #[error("it holds a public key, not a secret one")]
    Public,
    /// No secret key was found.
    #[error("found no OpenPGP secret key in it")]
    NoKey,
    /// Several secret keys were found.
    #[error("it holds several secret keys: {}", fingerprints.join(", "))]
    Several {
        /// The primary keys.
        fingerprints: Vec<String>,
    },
    /// The bytes cannot be read.
    #[error("cannot read the secret key: {0}")]
    Malformed(String),
    /// The certificate in it cannot be used.
    #[error("cannot read the public half of the key")]
    Certificate(#[from] KeyringError),
    /// A version of key that apt does not know.
    #[error("it is a version {0} key: apt and gpgv only know version 4")]
    Version(u8),
    /// An algorithm number that came after what gpgv knows.
    #[error("it signs with algorithm number {0}, which gpgv, and so apt of many releases, does not know")]
    Novel(u8),
    /// A passphrase is needed and none was given.
    #[error("the key is locked with a passphrase")]
    Locked,
    /// The passphrase is wrong, or the lock is of an unknown kind.
    #[error("the passphrase does not open the key: {0}")]
    Passphrase(String),
    /// No key of the certificate may sign at this time.
    #[error("the key cannot sign")]
    Unusable(#[source] KeyProblem),
    /// A key may sign, but its secret half is elsewhere.
    #[error("it holds no secret for a key that may sign")]
    NoSecret,
    /// A user id that cannot be written.
    #[error("invalid user id `{0}`: expected one to 200 characters, none of them a control character")]
    UserId(String),
    /// A time that OpenPGP cannot write.
    #[error("time {0} is outside of what a key can hold (1970 to 2106)")]
    Time(i64),
    /// An end that comes before the beginning.
    #[error("the key would expire at {expires}, before it begins at {created}")]
    Lifetime {
        /// The beginning, in unix seconds.
        created: i64,
        /// The end, in unix seconds.
        expires: i64,
    },
    /// The library failed.
    #[error("making the key or the signature failed: {0}")]
    Failed(String),
}

impl KeyError {
    /// Returns what an operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Public => "export the secret half: `gpg --export-secret-keys --armor KEY`",
            Self::Several { .. } => "export one of them: `gpg --export-secret-keys --armor FINGERPRINT`",
            Self::NoSecret => {
                "export the key with its signing subkey: `gpg --export-secret-subkeys --armor KEY`"
            }
            Self::Version(_) | Self::Novel(_) => "make a version 4 key: `repogen key generate`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// What is worth telling of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The primary key.
    pub fingerprint: Fingerprint,
    /// When it was made, in unix seconds.
    pub created: i64,
    /// When the last key of it that may sign now ends, in unix seconds; `None` for never, or when none may sign.
    pub expires: Option<i64>,
    /// Its names, as the certificate has them.
    pub user_ids: Vec<String>,
    /// The algorithm of the primary key.
    pub algorithm: Algorithm,
    /// The keys that may sign now, or why none may.
    pub signing: Result<Vec<SigningKey>, KeyProblem>,
}

/// Reads an exported secret key (`gpg --export-secret-keys`, armoured or binary) and takes its lock off.
///
/// A primary key whose secret is kept elsewhere is fine when a signing subkey is there.
///
/// # Errors
/// When there is not exactly one secret key, it is locked and `passphrase` is missing or wrong, or nothing in it may
/// sign at `now`.
pub fn import(bytes: &[u8], passphrase: Option<&str>, now: i64) -> Result<SecretKey, KeyError> {
    let mut key = SecretKey::read(bytes)?;
    if key.is_locked() {
        key.unlock(passphrase.ok_or(KeyError::Locked)?)?;
    }
    key.check(now)?;
    Ok(key)
}

/// Describes the keys in `bytes`, secret or public, armoured or binary, as they stand at `now`.
///
/// # Errors
/// When `bytes` is neither one secret key nor a keyring.
pub fn describe(bytes: &[u8], now: i64) -> Result<Vec<KeyInfo>, KeyError> {
    let keyring = export_public(bytes)?;
    let info = |certificate: &openpgp_policy::Certificate| KeyInfo {
        fingerprint: certificate.fingerprint(),
        created: certificate.created(),
        expires: certificate.signs_until(now).ok().flatten(),
        user_ids: certificate.user_ids(),
        algorithm: certificate.algorithm(),
        signing: certificate.signing_keys(now),
    };
    Ok(keyring.certificates().iter().map(info).collect())
}

/// Returns the public half of the keys in `bytes`, secret or public, armoured or binary.
///
/// # Errors
/// When `bytes` is neither one secret key nor a keyring.
pub fn export_public(bytes: &[u8]) -> Result<Keyring, KeyError> {
    match Keyring::read(bytes) {
        Err(KeyringError::SecretKey) => Ok(SecretKey::read(bytes)?.to_keyring()),
        read => Ok(read?),
    }
}

fn failed(error: pgp::errors::Error) -> KeyError {
    KeyError::Failed(brief(&error))
}

/// One line of bounded length; parser errors may quote what they read.
fn brief(error: &pgp::errors::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}
