//! Signatures over Release files.
//!
//! A [`Signer`] makes them: [`KeyFiles`] with keys on this disk, [`ExternalCommand`] with a program that holds the key
//! elsewhere. Publishing calls [`sign_checked`], which lets nothing out that a client would refuse. The keys
//! themselves are made and read in [`keys`]. Secret material is never printed, logged or part of an error.

mod command;
mod error;
mod key_files;
pub mod keys;
mod message;
mod notice;
mod open;

pub use command::{CommandOptions, ExternalCommand};
pub use error::SignError;
pub use key_files::KeyFiles;
pub use notice::{KeyNotice, KeyNoticeKind, days_until, key_notices};
pub use open::open;

use debian_control::inrelease::check_fit;
use openpgp_policy::{Fingerprint, Keyring, verify_detached, verify_inrelease};

/// The signed forms of one Release file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// The Release text, clear-signed: `InRelease`.
    pub inrelease: Vec<u8>,
    /// The detached signature, armoured: `Release.gpg`.
    pub detached: Vec<u8>,
    /// The certificates, by their primary keys, that must all have signed both. Empty when unknown before verification.
    pub signers: Vec<Fingerprint>,
}

/// Signs Release files.
pub trait Signer: Send + Sync {
    /// Clear-signs and detach-signs `release`, a text that ends in exactly one newline.
    ///
    /// `now`, in unix seconds, is when the signature says it was made.
    ///
    /// # Errors
    /// When a key cannot sign, or the text is not one that survives clear-signing.
    fn sign(&self, release: &str, now: i64) -> Result<Signatures, SignError>;

    /// Returns the public certificates of all keys that sign: what clients have to trust.
    fn keyring(&self) -> &Keyring;

    /// Returns which of its keys cannot sign at `now`, and why, as far as that is seen without signing.
    fn problems(&self, now: i64) -> Vec<SignError>;
}

/// Signs `release` and verifies both results as a client would, against the signer's own keyring.
///
/// # Errors
/// When signing fails, a signature does not verify, one of [`Signatures::signers`] is missing, or the text that was
/// signed is not exactly `release`.
pub fn sign_checked(signer: &dyn Signer, release: &str, now: i64) -> Result<Signatures, SignError> {
    check_fit(release)?;
    let signatures = signer.sign(release, now)?;
    let keyring = signer.keyring();
    let inrelease =
        verify_inrelease(&signatures.inrelease, keyring, now).map_err(|source| SignError::Unverified {
            file: "InRelease",
            source: Box::new(source),
        })?;
    if inrelease.text != release {
        return Err(SignError::OtherText);
    }
    let detached =
        verify_detached(release.as_bytes(), &signatures.detached, keyring, now).map_err(|source| {
            SignError::Unverified {
                file: "Release.gpg",
                source: Box::new(source),
            }
        })?;
    for (file, found) in [
        ("InRelease", &inrelease.signers),
        ("Release.gpg", &detached.signers),
    ] {
        if let Some(missing) = signatures.signers.iter().find(|wanted| !found.contains(wanted)) {
            return Err(SignError::MissingSignature {
                file,
                fingerprint: *missing,
            });
        }
    }
    Ok(signatures)
}
