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
mod error;
mod generate;
mod secret;

pub use error::KeyError;
pub use generate::{NewKey, generate};
pub use rand::rngs::OsRng;
pub use secret::SecretKey;

use openpgp_policy::{Algorithm, Fingerprint, KeyProblem, Keyring, KeyringError, SigningKey};

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
/// A primary key whose secret is kept elsewhere is accepted when there is a signing subkey.
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

/// Describes the keys in `bytes`, secret or public, armoured or binary, in their state at `now`.
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
