//! Making a signing key.

use pgp::composed::{KeyType, SignedKeyDetails, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    self, KeyFlags, PacketTrait as _, PubKeyInner, PublicKey, SignatureConfig, SignatureType, Subpacket,
    SubpacketData, UserId,
};
use pgp::types::{
    Duration, KeyDetails as _, KeyVersion, PacketHeaderVersion, Password, SignedUser, Timestamp,
};
use rand::{CryptoRng, RngCore};

use super::error::{KeyError, failed, timestamp};
use super::secret::SecretKey;

/// Properties of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewKey<'a> {
    /// Its name, such as `Example archive signing key <archive@example.org>`.
    pub user_id: &'a str,
    /// When it begins, in unix seconds: now.
    pub created: i64,
    /// When it ends, in unix seconds; `None` for never.
    pub expires: Option<i64>,
}

/// Makes an Ed25519 key of version 4 that signs and certifies, unlocked.
///
/// Written with the older of the two numbers that OpenPGP has for Ed25519: gpgv before 2.4 and today's sqv know only
/// that one.
///
/// # Errors
/// When the user id or a time cannot be written.
pub fn generate(new: &NewKey<'_>, mut rng: impl RngCore + CryptoRng) -> Result<SecretKey, KeyError> {
    check_user_id(new.user_id)?;
    let created = timestamp(new.created)?;
    let lifetime = new
        .expires
        .map(|expires| lifetime(new.created, expires))
        .transpose()?;
    let kind = KeyType::Ed25519Legacy;
    let (public, secret) = kind.generate(&mut rng).map_err(failed)?;
    let public = PubKeyInner::new(KeyVersion::V4, kind.to_alg(), created, None, public).map_err(failed)?;
    let public = PublicKey::from_inner(public).map_err(failed)?;
    let primary = packet::SecretKey::new(public, secret).map_err(failed)?;
    let user_id = UserId::from_str(PacketHeaderVersion::New, new.user_id).map_err(failed)?;
    let user = certify(&primary, user_id, created, lifetime).map_err(failed)?;
    let details = SignedKeyDetails::new(vec![], vec![], vec![user], vec![]);
    SecretKey::from_inner(SignedSecretKey::new(primary, details, vec![], vec![]))
}

/// Binds a user id, the key's purpose and its end to the primary key.
fn certify(
    key: &packet::SecretKey,
    user_id: UserId,
    now: Timestamp,
    lifetime: Option<Duration>,
) -> Result<SignedUser, pgp::errors::Error> {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut config = SignatureConfig::v4(
        SignatureType::CertPositive,
        key.algorithm(),
        HashAlgorithm::Sha256,
    );
    config.hashed_subpackets = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(now))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        Subpacket::critical(SubpacketData::KeyFlags(flags))?,
        Subpacket::regular(SubpacketData::IsPrimary(true))?,
    ];
    if let Some(lifetime) = lifetime {
        config
            .hashed_subpackets
            .push(Subpacket::critical(SubpacketData::KeyExpirationTime(lifetime))?);
    }
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(
        key.legacy_key_id(),
    ))?];
    let no_lock = Password::empty();
    let signature = config.sign_certification(key, key.public_key(), &no_lock, user_id.tag(), &user_id)?;
    Ok(SignedUser::new(user_id, vec![signature]))
}

fn check_user_id(user_id: &str) -> Result<(), KeyError> {
    let length = user_id.chars().count();
    let fine =
        (1..=200).contains(&length) && user_id.trim() == user_id && !user_id.chars().any(char::is_control);
    if fine {
        Ok(())
    } else {
        Err(KeyError::UserId(
            user_id
                .chars()
                .take(200)
                .collect::<String>()
                .escape_debug()
                .collect(),
        ))
    }
}

fn lifetime(created: i64, expires: i64) -> Result<Duration, KeyError> {
    let seconds = expires.checked_sub(created).filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or(KeyError::Lifetime { created, expires })?;
    timestamp(expires)?;
    u32::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| KeyError::Time(expires))
}
