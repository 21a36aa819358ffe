//! One secret key with its certificate.

use std::fmt;

use openpgp_policy::{Certificate, Fingerprint, Keyring};
use pgp::composed::{ArmorOptions, Deserializable as _, SignedSecretKey};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails as _, KeyVersion, Password, SecretParams, SigningKey};

use super::dummy::{Secret, secret};
use super::error::{KeyError, failed, timestamp};

/// A secret key: a primary key, perhaps subkeys, and the certificate that says what they are for.
///
/// Prints as its fingerprint only.
pub struct SecretKey {
    inner: SignedSecretKey,
    certificate: Certificate,
}

impl SecretKey {
    /// Reads one secret key, armoured or binary, locked or not.
    ///
    /// # Errors
    /// When there is none, more than one, or a public one.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = bytes.first().is_some_and(|byte| *byte < 0x80);
        if text {
            check_blocks(bytes)?;
        }
        let malformed = |_| KeyError::Malformed("it is damaged or cut off");
        if bytes.is_empty() {
            return Err(KeyError::NoKey);
        }
        let (keys, _) = SignedSecretKey::from_reader_many(bytes).map_err(malformed)?;
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        let fingerprints = || {
            keys.iter()
                .map(|key| format!("{:X}", key.fingerprint()))
                .collect()
        };
        match keys.len() {
            0 if Keyring::read(bytes).is_ok() => Err(KeyError::Public),
            0 | 1 => keys
                .into_iter()
                .next()
                .ok_or(KeyError::NoKey)
                .and_then(Self::from_inner),
            _ => Err(KeyError::Several {
                fingerprints: fingerprints(),
            }),
        }
    }

    pub(super) fn from_inner(inner: SignedSecretKey) -> Result<Self, KeyError> {
        if inner.version() != KeyVersion::V4 {
            return Err(KeyError::Version(inner.version().into()));
        }
        // Through bytes: what is judged is what clients will read.
        let public = inner.to_public_key().to_bytes().map_err(failed)?;
        let certificate = Keyring::read(&public)?
            .certificates()
            .first()
            .cloned()
            .ok_or(KeyError::NoKey)?;
        Ok(Self { inner, certificate })
    }

    /// Returns the fingerprint of the primary key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.certificate.fingerprint()
    }

    /// Returns the public half.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Returns the public half as a keyring, ready to be written out.
    pub fn to_keyring(&self) -> Keyring {
        let mut keyring = Keyring::default();
        keyring.insert(self.certificate.clone());
        keyring
    }

    /// Returns the secret key as a block of armour. Whoever reads it can sign.
    ///
    /// # Errors
    /// When a part of it has no written form.
    pub fn to_armored(&self) -> Result<String, KeyError> {
        self.inner
            .to_armored_string(ArmorOptions::default())
            .map_err(failed)
    }

    /// Whether a passphrase is needed for any part of it.
    pub fn is_locked(&self) -> bool {
        self.secrets().any(|params| secret(params) == Secret::Locked)
    }

    /// Takes the passphrase off every part that has one.
    ///
    /// # Errors
    /// When the passphrase is wrong; the key is unchanged then as far as it was not opened.
    pub fn unlock(&mut self, passphrase: &str) -> Result<(), KeyError> {
        let password = Password::from(passphrase);
        let wrong = |_| KeyError::Passphrase;
        let primary = &mut self.inner.primary_key;
        if secret(primary.secret_params()) == Secret::Locked {
            primary.remove_password(&password).map_err(wrong)?;
        }
        for subkey in &mut self.inner.secret_subkeys {
            if secret(subkey.key.secret_params()) == Secret::Locked {
                subkey.key.remove_password(&password).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// Checks that a key in here can sign at `now`.
    ///
    /// # Errors
    /// When none may, or the secret of those that may is locked or elsewhere.
    pub fn check(&self, now: i64) -> Result<(), KeyError> {
        self.signing_key(now).map(drop)
    }

    /// Makes one signature packet over `data`, dated `now`.
    pub(in crate::sign) fn sign(
        &self,
        kind: SignatureType,
        data: &[u8],
        now: i64,
    ) -> Result<Signature, KeyError> {
        let key = Box::new(self.signing_key(now)?);
        let mut config = SignatureConfig::v4(kind, key.algorithm(), key.hash_alg());
        let made = timestamp(now)?;
        let fields = || -> Result<_, pgp::errors::Error> {
            let made = Subpacket::critical(SubpacketData::SignatureCreationTime(made))?;
            let issuer = Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?;
            Ok((
                vec![made, issuer],
                vec![Subpacket::regular(SubpacketData::IssuerKeyId(
                    key.legacy_key_id(),
                ))?],
            ))
        };
        (config.hashed_subpackets, config.unhashed_subpackets) = fields().map_err(failed)?;
        config.sign(&key, &Password::empty(), data).map_err(failed)
    }

    /// The key that signs at `now`, of a kind that clients know.
    fn signing_key(&self, now: i64) -> Result<&dyn SigningKey, KeyError> {
        let key = self.able(now)?;
        match key.algorithm() {
            // Ed25519 and Ed448 have numbers of their own since RFC 9580; GnuPG has not taken them up.
            novel @ (PublicKeyAlgorithm::Ed25519 | PublicKeyAlgorithm::Ed448) => {
                Err(KeyError::Novel(novel.into()))
            }
            _ => Ok(key),
        }
    }

    /// The newest subkey that may sign at `now`, or else the primary, as gpg chooses.
    fn able(&self, now: i64) -> Result<&dyn SigningKey, KeyError> {
        let usable = self.certificate.signing_keys(now).map_err(KeyError::Unusable)?;
        let may_sign = |key: &dyn SigningKey| {
            let fingerprint = Fingerprint::from_bytes(key.fingerprint().as_bytes());
            usable
                .iter()
                .any(|usable| Some(usable.fingerprint) == fingerprint)
        };
        let subkeys = self.inner.secret_subkeys.iter().map(|subkey| &subkey.key);
        let open = subkeys.filter(|key| secret(key.secret_params()) == Secret::Open && may_sign(*key));
        if let Some(subkey) = open.max_by_key(|key| key.created_at()) {
            return Ok(subkey);
        }
        let primary = &self.inner.primary_key;
        let open = secret(primary.secret_params()) == Secret::Open;
        if open && may_sign(primary) {
            Ok(primary)
        } else if self.is_locked() {
            Err(KeyError::Locked)
        } else {
            Err(KeyError::NoSecret)
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretParams> {
        let subkeys = self
            .inner
            .secret_subkeys
            .iter()
            .map(|subkey| subkey.key.secret_params());
        std::iter::once(self.inner.primary_key.secret_params()).chain(subkeys)
    }
}

/// Says what an armoured file holds when it is not one secret key.
fn check_blocks(text: &[u8]) -> Result<(), KeyError> {
    let mut private = 0_usize;
    let mut public = false;
    for line in text.split(|byte| *byte == b'\n') {
        private += usize::from(line.starts_with(b"-----BEGIN PGP PRIVATE KEY BLOCK-----"));
        public |= line.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----");
    }
    match (private, public) {
        (1, _) => Ok(()),
        (0, true) => Err(KeyError::Public),
        (0, false) => Err(KeyError::NoKey),
        _ => Err(KeyError::Malformed("it has several blocks of armour")),
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewKey, OsRng, describe, generate};
    use crate::error_text::with_causes;

    #[test]
    fn what_is_said_of_a_damaged_key_quotes_nothing_of_it() {
        let new = NewKey {
            user_id: "a",
            created: 1_700_000_000,
            expires: None,
        };
        let whole = generate(&new, OsRng).unwrap().to_armored().unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let with = |at: usize, line: &str| {
            let mut lines = lines.clone();
            lines.insert(at, line);
            lines.join("\n")
        };
        let (header, rest) = whole.split_once("\n\n").unwrap();
        let damaged = [
            format!("{header}\n{rest}"),
            with(1, "no header"),
            with(3, "-"),
            with(3, "!"),
            with(3, "=abcd"),
            whole.replace('=', ""),
            whole[..whole.len() / 2].to_owned(),
        ];
        for text in damaged {
            let error = super::SecretKey::read(text.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot read the secret key: it is damaged or cut off",
                "{text}"
            );
            let said = with_causes(&describe(text.as_bytes(), 1_700_000_000).unwrap_err());
            let quoted = lines
                .iter()
                .filter(|line| line.len() > 8 && !line.starts_with('-'));
            for line in quoted {
                let bytes = format!("{:?}", line.as_bytes());
                let start = bytes
                    .trim_matches(['[', ']'])
                    .split(", ")
                    .take(6)
                    .collect::<Vec<_>>()
                    .join(", ");
                assert!(!said.contains(&start) && !said.contains(&line[..8]), "{said}");
            }
        }
    }
}
