//! Certificates and messages as no honest tool makes them.

use pgp::armor::{self, BlockType};
use pgp::composed::{KeyType, SignedKeyDetails, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, PacketTrait, PubKeyInner, PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature,
    SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize;
use pgp::types::{
    Duration, KeyVersion, PacketHeaderVersion, Password, SignedUser, SigningKey, Tag, Timestamp,
};
use rand::rngs::OsRng;

use super::{Certificate, Keyring};

/// When every key of these tests is made; the tests' `now` is a little later.
pub(super) const BORN: u32 = 1_700_000_000;
pub(super) const NOW: i64 = 1_700_000_100;

pub(super) fn at(seconds: u32) -> SubpacketData {
    SubpacketData::SignatureCreationTime(Timestamp::from_secs(seconds))
}

pub(super) fn key_lasts(seconds: u32) -> SubpacketData {
    SubpacketData::KeyExpirationTime(Duration::from_secs(seconds))
}

pub(super) fn signs() -> SubpacketData {
    flags(|flags| flags.set_sign(true))
}

pub(super) fn certifies() -> SubpacketData {
    flags(|flags| flags.set_certify(true))
}

pub(super) fn encrypts() -> SubpacketData {
    flags(|flags| flags.set_encrypt_storage(true))
}

fn flags(set: impl FnOnce(&mut KeyFlags)) -> SubpacketData {
    let mut flags = KeyFlags::default();
    set(&mut flags);
    SubpacketData::KeyFlags(flags)
}

/// A primary key.
pub(super) fn new_primary(kind: &KeyType) -> SecretKey {
    let version = if *kind == KeyType::Ed25519 {
        KeyVersion::V6
    } else {
        KeyVersion::V4
    };
    let (public, secret) = kind.generate(OsRng).unwrap();
    let inner = PubKeyInner::new(version, kind.to_alg(), Timestamp::from_secs(BORN), None, public).unwrap();
    SecretKey::new(PublicKey::from_inner(inner).unwrap(), secret).unwrap()
}

pub(super) fn ed25519() -> SecretKey {
    new_primary(&KeyType::Ed25519Legacy)
}

/// A key of the only kind that the library lets sign with SHA-1.
pub(super) fn rsa() -> SecretKey {
    new_primary(&KeyType::Rsa(2048))
}

/// A subkey.
pub(super) fn new_subkey() -> SecretSubkey {
    subkey_of(&KeyType::Ed25519Legacy)
}

pub(super) fn subkey_of(kind: &KeyType) -> SecretSubkey {
    let (public, secret) = kind.generate(OsRng).unwrap();
    let inner = PubKeyInner::new(
        KeyVersion::V4,
        kind.to_alg(),
        Timestamp::from_secs(BORN),
        None,
        public,
    )
    .unwrap();
    SecretSubkey::new(PublicSubkey::from_inner(inner).unwrap(), secret).unwrap()
}

/// The frame of a signature by `key`: dated when the keys were made, unless `fields` has another date.
pub(super) fn config(
    key: &impl SigningKey,
    typ: SignatureType,
    fields: Vec<SubpacketData>,
) -> SignatureConfig {
    let dated = fields
        .iter()
        .any(|field| matches!(field, SubpacketData::SignatureCreationTime(_)));
    let mut config = SignatureConfig::from_key(OsRng, key, typ).unwrap();
    let fixed = [SubpacketData::IssuerFingerprint(key.fingerprint())];
    let date = (!dated).then(|| at(BORN));
    let fields = fixed.into_iter().chain(date).chain(fields);
    config.hashed_subpackets = fields.map(|field| Subpacket::regular(field).unwrap()).collect();
    config
}

pub(super) fn weak(mut config: SignatureConfig) -> SignatureConfig {
    config.hash_alg = HashAlgorithm::Sha1;
    config
}

/// A self-signature over a user id.
pub(super) fn certify(key: &SecretKey, user: &str, config: SignatureConfig) -> SignedUser {
    let id = UserId::from_str(PacketHeaderVersion::New, user).unwrap();
    let signature = config
        .sign_certification(key, key.public_key(), &Password::empty(), Tag::UserId, &id)
        .unwrap();
    SignedUser {
        id,
        signatures: vec![signature],
    }
}

/// A usual self-signature with these fields.
pub(super) fn user(key: &SecretKey, fields: Vec<SubpacketData>) -> SignedUser {
    certify(key, "user", config(key, SignatureType::CertPositive, fields))
}

/// A direct key signature or a revocation.
pub(super) fn direct(key: &SecretKey, typ: SignatureType, fields: Vec<SubpacketData>) -> Signature {
    config(key, typ, fields)
        .sign_key(key, &Password::empty(), key.public_key())
        .unwrap()
}

/// The signature by which a subkey confirms its primary key.
pub(super) fn back(subkey: &SecretSubkey, config: SignatureConfig, primary: &SecretKey) -> SubpacketData {
    let signature = config
        .sign_primary_key_binding(
            subkey,
            subkey.public_key(),
            &Password::empty(),
            primary.public_key(),
        )
        .unwrap();
    SubpacketData::EmbeddedSignature(Box::new(signature))
}

pub(super) fn usual_back(subkey: &SecretSubkey, primary: &SecretKey) -> SubpacketData {
    back(subkey, config(subkey, SignatureType::KeyBinding, vec![]), primary)
}

/// The signature by which a primary key takes a subkey in.
pub(super) fn bind(
    primary: &SecretKey,
    subkey: &SecretSubkey,
    config: SignatureConfig,
) -> SignedPublicSubKey {
    let signature = config
        .sign_subkey_binding(
            primary,
            primary.public_key(),
            &Password::empty(),
            subkey.public_key(),
        )
        .unwrap();
    SignedPublicSubKey {
        key: subkey.public_key().clone(),
        signatures: vec![signature],
    }
}

pub(super) fn usual_bind(
    primary: &SecretKey,
    subkey: &SecretSubkey,
    fields: Vec<SubpacketData>,
) -> SignedPublicSubKey {
    bind(
        primary,
        subkey,
        config(primary, SignatureType::SubkeyBinding, fields),
    )
}

/// A certificate of parts.
pub(super) struct KeyParts<'a> {
    pub(super) primary: &'a SecretKey,
    pub(super) direct: Vec<Signature>,
    pub(super) users: Vec<SignedUser>,
    pub(super) subkeys: Vec<SignedPublicSubKey>,
}

impl KeyParts<'_> {
    /// Through bytes, as a client gets it.
    pub(super) fn keyring(self) -> Keyring {
        let details = SignedKeyDetails::new(vec![], self.direct, self.users, vec![]);
        let whole = SignedPublicKey::new(self.primary.public_key().clone(), details, self.subkeys);
        Keyring::read(&whole.to_bytes().unwrap()).unwrap()
    }

    pub(super) fn certificate(self) -> Certificate {
        self.keyring().certificates()[0].clone()
    }
}

/// A certificate with these user ids and nothing else.
pub(super) fn with_users(primary: &SecretKey, users: Vec<SignedUser>) -> KeyParts<'_> {
    KeyParts {
        primary,
        direct: vec![],
        users,
        subkeys: vec![],
    }
}

/// The usual certificate of a key that signs.
pub(super) fn usual(primary: &SecretKey) -> Keyring {
    with_users(primary, vec![user(primary, vec![signs()])]).keyring()
}

/// Signs a text, given without its last newline, as the kind of signature that `config` says.
pub(super) fn sign(key: &impl SigningKey, config: SignatureConfig, text: &str) -> Signature {
    config.sign(key, &Password::empty(), text.as_bytes()).unwrap()
}

/// Puts a clear-signed message together.
pub(super) fn message(text: &str, signatures: &[Signature]) -> Vec<u8> {
    let mut bytes = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}").into_bytes();
    bytes.append(&mut armored(signatures));
    bytes
}

/// Armours signatures.
pub(super) fn armored(signatures: &[Signature]) -> Vec<u8> {
    let mut bytes = Vec::new();
    armor::write(
        &SignaturePackets(signatures),
        BlockType::Signature,
        &mut bytes,
        None,
        true,
    )
    .unwrap();
    bytes
}

struct SignaturePackets<'a>(&'a [Signature]);

impl Serialize for SignaturePackets<'_> {
    fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        self.0
            .iter()
            .try_for_each(|signature| signature.to_writer_with_header(writer))
    }

    fn write_len(&self) -> usize {
        self.0.iter().map(PacketTrait::write_len_with_header).sum()
    }
}
