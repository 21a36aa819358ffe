//! Which keys count: what mathematics alone does not say.
//!
//! A signature may verify and still mean nothing: the key may have ended, been revoked, be too weak, be meant for
//! encryption, or hang on a certificate whose owner never bound it. Everything is judged at the caller's `now`, also
//! for signatures made earlier, as gpgv does. Revocations by a third party (RFC 9580 5.2.3.23, deprecated) are not
//! known here.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SignatureVersion, SubpacketData};
use pgp::types::{KeyDetails, SignedUser, Tag};

use super::Algorithm;
use super::algorithm::Strength;
use debian_control::release::format_iso;

/// How far ahead of ours the signer's clock may be, in seconds.
pub(super) const CLOCK_GRACE: i64 = 10;

/// Why a key's signatures do not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The key, or the primary key above it, was revoked by its owner.
    #[error("the key was revoked")]
    Revoked,
    /// Its time, or that of the primary key above it, is over.
    #[error("the key expired at {}", format_iso(*.at))]
    Expired {
        /// The end, in unix seconds.
        at: i64,
    },
    /// It was made in what is the future here.
    #[error("the key was made at {}, which is in the future", format_iso(*.from))]
    NotYetValid {
        /// The beginning, in unix seconds.
        from: i64,
    },
    /// The algorithm is broken or too short.
    #[error("the key's algorithm `{0}` is too weak or not supported")]
    Weak(Algorithm),
    /// No signature by the primary key says that this key is part of the certificate.
    #[error("the key has no valid self-signature")]
    Unbound,
    /// The signatures that say so use a broken digest.
    #[error("the key's self-signatures use {hash}, which is no longer trusted")]
    WeakBinding {
        /// The digest algorithm.
        hash: String,
    },
    /// Its key flags do not name signing.
    #[error("the key is not meant for signing")]
    NotForSigning,
    /// A signing subkey has to confirm that it belongs to the primary key, or anybody could adopt it.
    #[error("the signing subkey lacks its own valid signature over the primary key")]
    NoBackSignature,
}

/// What a key that counts may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyStanding {
    /// End in unix seconds; `None` for never.
    pub(super) expires: Option<i64>,
    /// Whether the key flags name signing.
    pub(super) signs: bool,
}

impl KeyStanding {
    /// A subkey ends with its primary key at the latest.
    pub(super) fn within(self, primary: &Self) -> Self {
        let expires = self.expires.into_iter().chain(primary.expires).min();
        Self { expires, ..self }
    }
}

/// Judges the primary key at `now`.
pub(super) fn primary(certificate: &SignedPublicKey, now: i64) -> Result<KeyStanding, KeyProblem> {
    let key = &certificate.primary_key;
    check_key(key, now)?;
    let revocations = certificate.details.revocation_signatures.iter();
    // A revocation counts whatever its digest and date: refusing too much is the safe side.
    if revocations
        .filter(|found| is_type(found, SignatureType::KeyRevocation))
        .any(|found| found.verify_key(key).is_ok())
    {
        return Err(KeyProblem::Revoked);
    }
    let candidates = self_signatures(certificate, now);
    let newest =
        newest(candidates.iter().copied()).ok_or_else(|| match weak_self_signature(certificate) {
            Some(hash) => KeyProblem::WeakBinding { hash },
            None => KeyProblem::Unbound,
        })?;
    standing(key, newest, now)
}

/// Judges a subkey at `now`, given that its primary key counts.
pub(super) fn signing_subkey(
    certificate: &SignedPublicKey,
    subkey: &SignedPublicSubKey,
    now: i64,
) -> Result<KeyStanding, KeyProblem> {
    let (primary, key) = (&certificate.primary_key, &subkey.key);
    let binds = |found: &Signature| found.verify_subkey_binding(primary, key).is_ok();
    let of_type = |wanted| {
        subkey
            .signatures
            .iter()
            .filter(move |found| is_type(found, wanted))
    };
    if of_type(SignatureType::SubkeyRevocation).any(binds) {
        return Err(KeyProblem::Revoked);
    }
    let bindings = || of_type(SignatureType::SubkeyBinding).filter(|found| binds(found));
    let newest = newest(bindings().filter(|found| counts(found, now))).ok_or_else(|| {
        bindings()
            .find_map(weak_hash)
            .map_or(KeyProblem::Unbound, |hash| KeyProblem::WeakBinding { hash })
    })?;
    if !newest.key_flags().sign() {
        return Err(KeyProblem::NotForSigning);
    }
    check_key(key, now)?;
    let standing = standing(key, newest, now)?;
    let confirmed = newest
        .embedded_signature()
        .is_some_and(|back| counts(back, now) && back.verify_primary_key_binding(key, primary).is_ok());
    if confirmed {
        Ok(standing)
    } else {
        Err(KeyProblem::NoBackSignature)
    }
}

/// What can be said of a key without any signature.
fn check_key(key: &impl KeyDetails, now: i64) -> Result<(), KeyProblem> {
    let algorithm = Algorithm::of(key);
    if algorithm.strength() == Strength::Refused {
        return Err(KeyProblem::Weak(algorithm));
    }
    let from = created(key);
    if from > now.saturating_add(CLOCK_GRACE) {
        Err(KeyProblem::NotYetValid { from })
    } else {
        Ok(())
    }
}

/// What the signature that binds a key says of it.
fn standing(key: &impl KeyDetails, binding: &Signature, now: i64) -> Result<KeyStanding, KeyProblem> {
    // Zero stands for no end (RFC 9580 5.2.3.13).
    let lifetime = binding
        .key_expiration_time()
        .map(|duration| i64::from(duration.as_secs()))
        .filter(|secs| *secs > 0);
    let expires = lifetime.map(|secs| created(key) + secs);
    match expires {
        Some(at) if at <= now => Err(KeyProblem::Expired { at }),
        expires => Ok(KeyStanding {
            expires,
            signs: binding.key_flags().sign(),
        }),
    }
}

/// The primary key's own signatures about itself that count: over the bare key, and over its user ids.
fn self_signatures(certificate: &SignedPublicKey, now: i64) -> Vec<&Signature> {
    let key = &certificate.primary_key;
    let direct = certificate.details.direct_signatures.iter().filter(|found| {
        // One that only names a revoker says nothing of purpose and end, and must not hide one that does.
        let telling = found.key_expiration_time().is_some() || flags_given(found);
        is_type(found, SignatureType::Key) && telling && counts(found, now) && found.verify_key(key).is_ok()
    });
    let users = certificate
        .details
        .users
        .iter()
        .filter_map(|user| user_signature(certificate, user, now));
    direct.chain(users).collect()
}

/// The newest self-signature over one user id, unless the user id was revoked since.
fn user_signature<'a>(
    certificate: &SignedPublicKey,
    user: &'a SignedUser,
    now: i64,
) -> Option<&'a Signature> {
    let own = |found: &&Signature| {
        found
            .verify_certification(&certificate.primary_key, Tag::UserId, &user.id)
            .is_ok()
    };
    let (revocations, certifications): (Vec<_>, Vec<_>) = user
        .signatures
        .iter()
        .partition(|found| is_type(found, SignatureType::CertRevocation));
    let newest = newest(
        certifications
            .into_iter()
            .filter(|found| counts(found, now))
            .filter(own),
    )?;
    let revoked = revocations
        .into_iter()
        .filter(|found| found.created() >= newest.created())
        .any(|found| own(&found));
    (!revoked).then_some(newest)
}

/// The digest of a self-signature that would count if it were not weak.
fn weak_self_signature(certificate: &SignedPublicKey) -> Option<String> {
    let key = &certificate.primary_key;
    certificate.details.users.iter().find_map(|user| {
        let own = |found: &&Signature| found.verify_certification(key, Tag::UserId, &user.id).is_ok();
        user.signatures.iter().filter(own).find_map(weak_hash)
    })
}

fn weak_hash(signature: &Signature) -> Option<String> {
    signature
        .hash_alg()
        .filter(|hash| !is_strong(*hash))
        .map(|hash| hash.to_string())
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created().map(|at| at.as_secs()))
}

/// Whether a signature over key material is of a kind that can be relied on at `now`; mathematics apart.
fn counts(signature: &Signature, now: i64) -> bool {
    is_modern(signature)
        && signature.hash_alg().is_some_and(is_strong)
        && understood(signature)
        && matches!(lifetime(signature, now), Lifetime::Within)
}

/// Versions 4 and 6; version 3 has no protected fields, 5 never was a standard.
pub(super) fn is_modern(signature: &Signature) -> bool {
    matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6)
}

/// Digests that nobody can make collide: 256 bits and more of SHA-2 and SHA-3.
pub(super) fn is_strong(hash: HashAlgorithm) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha256, Sha384, Sha512};
    matches!(hash, Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512)
}

/// Whether every field that the signer marked critical is one that is known here (RFC 9580 5.2.3.7, 5.2.3.24).
pub(super) fn understood(signature: &Signature) -> bool {
    use SubpacketData::{Experimental, Notation, Other};
    let foreign = |data: &SubpacketData| matches!(data, Notation(_) | Other(..) | Experimental(..));
    let fields = signature
        .config()
        .into_iter()
        .flat_map(|config| config.hashed_subpackets());
    !fields
        .into_iter()
        .any(|field| field.is_critical && foreign(&field.data))
}

/// Where `now` lies in a signature's life.
pub(super) enum Lifetime {
    Undated,
    Future { made: i64 },
    Over { at: i64 },
    Within,
}

/// Compares the signature's creation and expiration with `now`.
pub(super) fn lifetime(signature: &Signature, now: i64) -> Lifetime {
    let Some(made) = made(signature) else {
        return Lifetime::Undated;
    };
    if made > now.saturating_add(CLOCK_GRACE) {
        return Lifetime::Future { made };
    }
    let seconds = signature
        .signature_expiration_time()
        .map_or(0, |duration| i64::from(duration.as_secs()));
    // Zero stands for no end (RFC 9580 5.2.3.18).
    if seconds > 0 && made + seconds <= now {
        Lifetime::Over { at: made + seconds }
    } else {
        Lifetime::Within
    }
}

/// When a signature was made, in unix seconds, from the part of it that is signed.
pub(super) fn made(signature: &Signature) -> Option<i64> {
    signature.created().map(|at| i64::from(at.as_secs()))
}

/// When a key was made, in unix seconds.
pub(super) fn created(key: &impl KeyDetails) -> i64 {
    i64::from(key.created_at().as_secs())
}

fn flags_given(signature: &Signature) -> bool {
    let mut fields = signature
        .config()
        .into_iter()
        .flat_map(|config| config.hashed_subpackets());
    fields.any(|field| matches!(field.data, SubpacketData::KeyFlags(_)))
}

fn is_type(signature: &Signature, wanted: SignatureType) -> bool {
    signature.typ() == Some(wanted)
}

#[cfg(test)]
mod tests;
