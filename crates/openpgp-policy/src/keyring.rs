//! Public certificates: those whose signatures count.

use std::fmt;

use pgp::armor::{self, BlockType};
use pgp::composed::{Deserializable as _, SignedPublicKey};
use pgp::packet::{Packet, Signature, SignatureType};
use pgp::ser::Serialize as _;

use super::Fingerprint;
use super::certificate::Certificate;
use super::merge::merge;
use super::packets::{self, Block, ReadError};

/// Most bytes read as one keyring. Debian's whole archive keyring with every retired key has 0.1 MiB.
const MAX_BYTES: usize = 16 << 20;

/// A set of public certificates.
///
/// Holding a certificate means trusting it: whether its keys may sign is judged at each verification.
#[derive(Clone, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

/// Why bytes are no keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The bytes cannot be read as OpenPGP data.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A secret key was given.
    #[error("it holds a secret key, which never belongs into a keyring: export its public half")]
    SecretKey,
    /// GnuPG's own database was given.
    #[error("it is GnuPG's private keybox format: write the keys out with `gpg --export`")]
    Keybox,
    /// There is nothing usable in it.
    #[error("found no version 4 or 6 public key in it")]
    NoCertificate,
    /// The packets do not make up certificates.
    #[error("cannot put certificate {certificate} together: {detail}")]
    Certificate {
        /// Which certificate, from 1.
        certificate: usize,
        /// What the parser says.
        detail: String,
    },
}

impl Keyring {
    /// Reads certificates, armoured or binary, one after the other, in one block or several.
    ///
    /// Copies of one certificate are merged, so that a revocation in one of them counts for all. A revocation counts
    /// wherever in the file it stands, also as a block of its own. Certificates older than version 4 are left out.
    /// Text around blocks of armour is passed over.
    ///
    /// # Errors
    /// When a packet is damaged, a secret key is met, or no certificate is left.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyringError> {
        refuse_other_things(bytes)?;
        let binary = packets::to_binary(bytes, Block::PublicKey, MAX_BYTES)?;
        let mut packets = packets::packets(&binary).collect::<Result<Vec<_>, _>>()?;
        if packets
            .iter()
            .any(|packet| matches!(packet, Packet::SecretKey(_) | Packet::SecretSubkey(_)))
        {
            return Err(KeyringError::SecretKey);
        }
        let revocations = take_revocations(&mut packets);
        let mut keyring = Self::default();
        let packets = packets.into_iter().map(Ok).peekable();
        for (index, parsed) in SignedPublicKey::from_packets(packets).enumerate() {
            let parsed = parsed.map_err(|error| KeyringError::Certificate {
                certificate: index + 1,
                detail: packets::plain(&error),
            })?;
            if let Some(certificate) = Certificate::new(parsed) {
                keyring.insert(certificate);
            }
        }
        for certificate in &mut keyring.certificates {
            certificate.add_revocations(&revocations);
        }
        if keyring.certificates.is_empty() {
            Err(KeyringError::NoCertificate)
        } else {
            Ok(keyring)
        }
    }

    /// Returns the certificates in the order in which they were read.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Returns the fingerprint of each certificate's primary key.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.certificates.iter().map(Certificate::fingerprint).collect()
    }

    /// Returns the certificate with this primary key.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|certificate| certificate.fingerprint() == *fingerprint)
    }

    /// Adds a certificate; one that is there already takes up what is new in it.
    pub fn insert(&mut self, certificate: Certificate) {
        let fingerprint = certificate.fingerprint();
        match self
            .certificates
            .iter_mut()
            .find(|known| known.fingerprint() == fingerprint)
        {
            Some(known) => merge(&mut known.inner, certificate.inner),
            None => self.certificates.push(certificate),
        }
    }

    /// Adds every certificate of `other`.
    pub fn extend(&mut self, other: Self) {
        for certificate in other.certificates {
            self.insert(certificate);
        }
    }

    /// Keeps the certificates for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Certificate) -> bool) {
        self.certificates.retain(keep);
    }

    /// Returns the certificates as binary packets, for a `.gpg` or `.pgp` file.
    pub fn to_binary(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for certificate in &self.certificates {
            certificate
                .inner
                .to_writer(&mut bytes)
                .expect("writing to memory fails for no parsed certificate");
        }
        bytes
    }

    /// Returns the certificates as one block of armour, for an `.asc` file or `Signed-By`.
    pub fn to_armored(&self) -> String {
        let mut bytes = Vec::new();
        armor::write(
            &CertificatePackets(&self.certificates),
            BlockType::PublicKey,
            &mut bytes,
            None,
            true,
        )
        .expect("writing to memory fails for no parsed certificate");
        String::from_utf8(bytes).expect("armour is ASCII")
    }
}

/// Says what was most likely meant, for the two mistakes that people make.
fn refuse_other_things(bytes: &[u8]) -> Result<(), KeyringError> {
    if bytes.get(8..12) == Some(b"KBXf") {
        return Err(KeyringError::Keybox);
    }
    let private = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if lines.any(|line| line.starts_with(private)) {
        Err(KeyringError::SecretKey)
    } else {
        Ok(())
    }
}

/// Takes the signatures that revoke a primary key out of a file.
///
/// Their place is right behind their key, but people append them, and there the parser would drop them unread.
fn take_revocations(packets: &mut Vec<Packet>) -> Vec<Signature> {
    let revokes = |packet: &mut Packet| match packet {
        Packet::Signature(signature) => signature.typ() == Some(SignatureType::KeyRevocation),
        _ => false,
    };
    let revocation = |packet| match packet {
        Packet::Signature(signature) => Some(signature),
        _ => None,
    };
    packets.extract_if(.., revokes).filter_map(revocation).collect()
}

/// Certificates as one run of packets.
struct CertificatePackets<'a>(&'a [Certificate]);

impl pgp::ser::Serialize for CertificatePackets<'_> {
    fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        self.0
            .iter()
            .try_for_each(|certificate| certificate.inner.to_writer(writer))
    }

    fn write_len(&self) -> usize {
        self.0
            .iter()
            .map(|certificate| certificate.inner.write_len())
            .sum()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fingerprints()).finish()
    }
}
