//! One public certificate: a primary key, its names, its subkeys, and what it signed about them.

use std::fmt;

use pgp::composed::SignedPublicKey;
use pgp::packet::Signature;
use pgp::types::{KeyDetails, KeyVersion, VerifyingKey};

use super::policy::{self, KeyProblem, KeyStanding};
use super::{Algorithm, Fingerprint};

/// A public certificate, version 4 or 6.
#[derive(Clone)]
pub struct Certificate {
    pub(super) inner: SignedPublicKey,
}

/// A key of a certificate that may sign now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The fingerprint of this very key, primary or subkey.
    pub fingerprint: Fingerprint,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// When it was made, in unix seconds.
    pub created: i64,
    /// When it, or the primary key above it, ends, in unix seconds; `None` for never.
    pub expires: Option<i64>,
}

impl Certificate {
    /// Takes a certificate of version 4 or 6; `None` for older ones, which name keys by MD5. Older subkeys go too.
    pub(super) fn new(mut inner: SignedPublicKey) -> Option<Self> {
        inner.public_subkeys.retain(|subkey| is_modern(&subkey.key));
        is_modern(&inner.primary_key).then_some(Self { inner })
    }

    /// Adds those of `revocations` that say they are by this primary key; whether they are is checked with the key.
    pub(super) fn add_revocations(&mut self, revocations: &[Signature]) {
        let key = &self.inner.primary_key;
        let own = revocations.iter().filter(|revocation| names(revocation, key));
        let known = &mut self.inner.details.revocation_signatures;
        known.extend(own.cloned());
    }

    /// Returns the fingerprint of the primary key, which names the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.inner.primary_key)
    }

    /// Returns when the primary key was made, in unix seconds.
    pub fn created(&self) -> i64 {
        policy::created(&self.inner.primary_key)
    }

    /// Returns when the certificate last changed, in unix seconds: its newest key or signature about it was made then.
    ///
    /// A claim of the certificate: no signature is checked.
    pub fn changed(&self) -> i64 {
        let details = &self.inner.details;
        let of_users = details.users.iter().flat_map(|user| &user.signatures);
        let of_subkeys = self.inner.public_subkeys.iter();
        let signatures = details.revocation_signatures.iter();
        let signatures = signatures
            .chain(&details.direct_signatures)
            .chain(of_users)
            .chain(of_subkeys.clone().flat_map(|subkey| &subkey.signatures));
        let signed = signatures
            .filter_map(|signature| signature.created())
            .map(|at| i64::from(at.as_secs()));
        let made = of_subkeys.map(|subkey| policy::created(&subkey.key));
        signed.chain(made).fold(self.created(), i64::max)
    }

    /// Returns the algorithm of the primary key.
    pub fn algorithm(&self) -> Algorithm {
        Algorithm::of(&self.inner.primary_key)
    }

    /// Returns the user ids as they are written in the certificate, bytes that are not UTF-8 replaced.
    ///
    /// A claim of the certificate, checked by nobody; escape it before it reaches a terminal.
    pub fn user_ids(&self) -> Vec<String> {
        let text = |user: &pgp::types::SignedUser| String::from_utf8_lossy(user.id.id()).into_owned();
        self.inner.details.users.iter().map(text).collect()
    }

    /// Checks the primary key at `now`: strength, revocation, self-signature, expiry.
    ///
    /// # Errors
    /// Says the first thing that is wrong.
    pub fn check(&self, now: i64) -> Result<(), KeyProblem> {
        policy::primary(&self.inner, now).map(drop)
    }

    /// Returns the keys, primary and subkeys, whose signatures count at `now`.
    ///
    /// # Errors
    /// When there is none: what is wrong with the primary key, or else with the last subkey that is meant to sign.
    pub fn signing_keys(&self, now: i64) -> Result<Vec<SigningKey>, KeyProblem> {
        let mut usable = Vec::new();
        let mut problem = KeyProblem::NotForSigning;
        for component in self.components() {
            match component.may_sign(now) {
                Ok(standing) => usable.push(component.describe(standing)),
                Err(KeyProblem::NotForSigning) => {}
                Err(found) => problem = found,
            }
        }
        if usable.is_empty() {
            Err(problem)
        } else {
            Ok(usable)
        }
    }

    /// Returns when the last key that may sign at `now` ends, in unix seconds; `None` for never.
    ///
    /// # Errors
    /// As [`Certificate::signing_keys`].
    pub fn signs_until(&self, now: i64) -> Result<Option<i64>, KeyProblem> {
        let keys = self.signing_keys(now)?;
        let endless = keys.iter().any(|key| key.expires.is_none());
        Ok(keys
            .iter()
            .filter_map(|key| key.expires)
            .max()
            .filter(|_| !endless))
    }

    /// The primary key and every subkey.
    pub(super) fn components(&self) -> impl Iterator<Item = Component<'_>> {
        let subkeys = 0..self.inner.public_subkeys.len();
        let whole = &self.inner;
        std::iter::once(Component { whole, subkey: None }).chain(subkeys.map(move |index| Component {
            whole,
            subkey: whole.public_subkeys.get(index),
        }))
    }
}

/// One key of a certificate: the primary when `subkey` is `None`.
pub(super) struct Component<'a> {
    whole: &'a SignedPublicKey,
    subkey: Option<&'a pgp::composed::SignedPublicSubKey>,
}

impl Component<'_> {
    /// The key packet, as something that verifies.
    pub(super) fn key(&self) -> AnyKey<'_> {
        match self.subkey {
            None => AnyKey::Primary(&self.whole.primary_key),
            Some(subkey) => AnyKey::Subkey(&subkey.key),
        }
    }

    /// Whether this key's signatures count at `now`.
    pub(super) fn may_sign(&self, now: i64) -> Result<KeyStanding, KeyProblem> {
        let primary = policy::primary(self.whole, now)?;
        match self.subkey {
            None if primary.signs => Ok(primary),
            None => Err(KeyProblem::NotForSigning),
            Some(subkey) => policy::signing_subkey(self.whole, subkey, now).map(|own| own.within(&primary)),
        }
    }

    fn describe(&self, standing: KeyStanding) -> SigningKey {
        let key = self.key();
        SigningKey {
            fingerprint: fingerprint(&key),
            algorithm: Algorithm::of(&key),
            created: policy::created(&key),
            expires: standing.expires,
        }
    }
}

/// A primary key or a subkey.
#[derive(Debug)]
pub(super) enum AnyKey<'a> {
    Primary(&'a pgp::packet::PublicKey),
    Subkey(&'a pgp::packet::PublicSubkey),
}

impl<'a> AnyKey<'a> {
    fn inner(&self) -> &'a dyn VerifyingKey {
        match self {
            Self::Primary(key) => *key,
            Self::Subkey(key) => *key,
        }
    }
}

impl KeyDetails for AnyKey<'_> {
    fn version(&self) -> pgp::types::KeyVersion {
        self.inner().version()
    }

    fn legacy_key_id(&self) -> pgp::types::KeyId {
        self.inner().legacy_key_id()
    }

    fn fingerprint(&self) -> pgp::types::Fingerprint {
        self.inner().fingerprint()
    }

    fn algorithm(&self) -> pgp::crypto::public_key::PublicKeyAlgorithm {
        self.inner().algorithm()
    }

    fn created_at(&self) -> pgp::types::Timestamp {
        self.inner().created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.inner().legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &pgp::types::PublicParams {
        self.inner().public_params()
    }
}

impl VerifyingKey for AnyKey<'_> {
    fn verify(
        &self,
        hash: pgp::crypto::hash::HashAlgorithm,
        data: &[u8],
        signature: &pgp::types::SignatureBytes,
    ) -> pgp::errors::Result<()> {
        self.inner().verify(hash, data, signature)
    }
}

fn is_modern(key: &impl KeyDetails) -> bool {
    matches!(key.version(), KeyVersion::V4 | KeyVersion::V6)
}

/// Whether a signature says that this key made it. The whole fingerprint decides where there is one.
pub(super) fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        let id = key.legacy_key_id();
        return signature.issuer_key_id().contains(&&id);
    }
    let fingerprint = key.fingerprint();
    fingerprints.contains(&&fingerprint)
}

/// Names a key of version 4 or 6.
pub(super) fn fingerprint(key: &impl KeyDetails) -> Fingerprint {
    Fingerprint::from_bytes(key.fingerprint().as_bytes()).expect("keys of other versions are never kept")
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}
